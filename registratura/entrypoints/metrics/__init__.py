"""What operations watch: counters of this process, and what waits in the database; never anything about people."""
