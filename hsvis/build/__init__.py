"""From a config to a whole run."""
