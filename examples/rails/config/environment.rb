ENV["RAILS_ENV"] ||= "production"
ENV["DATABASE_URL"] ||= "sqlite3:#{File.expand_path("../shop.db", __dir__)}"
require_relative "application"
Shop.initialize!
