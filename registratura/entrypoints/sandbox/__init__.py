"""The sandbox: everything in one process, with emulated counterparts and an invented region."""
