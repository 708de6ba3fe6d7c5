-- Counts the deaths of workers against the tasks they held, each once, and says what becomes of these.
SELECT tenant_id, task_id, deaths, is_open, ended_now FROM dispatch_count_deaths($1, $2, $3, $4)
