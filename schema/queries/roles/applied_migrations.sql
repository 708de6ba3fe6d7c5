-- The migrations that were applied, each with the checksum of its text.
SELECT version, checksum FROM _sqlx_migrations WHERE success
