"""The command line: parse, call the api, show. No arithmetic here."""
