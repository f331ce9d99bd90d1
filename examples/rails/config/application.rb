require "action_controller/railtie"
require "action_mailer/railtie"
require "active_record/railtie"
require "devise"

class Shop < Rails::Application
  config.root = File.expand_path("..", __dir__)
  config.load_defaults 6.1
  config.eager_load = true
  config.secret_key_base = ENV.fetch("SECRET_KEY_BASE", "only for this example, which nobody can reach from outside")
  config.logger = Logger.new($stderr)
  config.log_level = :warn
  config.action_mailer.default_url_options = { host: "localhost" }
  config.action_mailer.delivery_method = :test
end
