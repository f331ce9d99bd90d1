class HomeController < ApplicationController
  def index
    render html: current_user ? "Signed in as #{current_user.email}." : helpers.link_to("Log in", new_user_session_path)
  end
end
