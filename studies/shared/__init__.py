"""What both studies need: tables in Markdown, processes, the machine's description, bar charts, the command line."""
