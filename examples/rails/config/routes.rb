Rails.application.routes.draw do
  # Before Devise's own, so that it leads to Latchkey instead.
  latchkey = ENV["LATCHKEY_URL"]
  get "users/password/new", to: redirect("#{latchkey}/auth/password-reset/") if latchkey
  devise_for :users
  root to: "home#index"
end
