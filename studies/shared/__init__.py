"""Code that both studies share: Markdown tables, processes, description of the machine, bar charts, command line."""
