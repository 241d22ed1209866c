"""Where the support of the clients' tests is found."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "ipc" / "client" / "python" / "test"))
