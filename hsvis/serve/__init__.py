"""Options of a server, and the servers themselves."""
