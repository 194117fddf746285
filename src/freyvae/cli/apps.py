"""The command line and its groups of commands: what a command's file enters it in."""

from cyclopts import App, Parameter

import freyvae

app = App(
    name="freyvae",
    help="Fit a variational auto-encoder to a set of images, know how good it is, and play with what it learned.",
    version=freyvae.__version__,
    help_epilogue="`--debug` anywhere shows the traceback of what goes wrong.",
    default_parameter=Parameter(negative=()),
    suppress_keyboard_interrupt=False,
)
data_app = App(name="data", help="Fetch and look at images.")
recipes_app = App(name="recipes", help="The shipped recipes: every choice of a run, as TOML.")
app.command(data_app)
app.command(recipes_app)
app.register_install_completion_command(help="Install completion for your shell.")
