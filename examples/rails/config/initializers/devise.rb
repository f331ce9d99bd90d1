require "devise/orm/active_record"

# What `rails generate devise:install` writes, as far as it says anything; and a pepper, where there is one.
Devise.setup do |config|
  config.mailer_sender = "shop@example.org"
  config.case_insensitive_keys = [:email]
  config.strip_whitespace_keys = [:email]
  config.skip_session_storage = [:http_auth]
  config.stretches = 12
  config.pepper = ENV["DEVISE_PEPPER"]
  config.reset_password_within = 6.hours
  config.sign_out_via = :delete
end
