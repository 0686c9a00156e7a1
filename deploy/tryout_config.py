"""JupyterHub's configuration for `make hub`: people who are made up, on one account, on this machine alone."""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 (JupyterHub provides it)
load_subconfig(str(Path(__file__).with_name("pytorch_course.py").resolve()))  # noqa: F821

folder = Path(os.environ["HUB_FOLDER"])
address, hub_port, proxy_port = (os.environ[f"HUB_{name}"] for name in ("ADDRESS", "PORT", "PROXY_PORT"))

c.JupyterHub.bind_url = address
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = [os.environ["HUB_PROXY"]]
c.ConfigurableHTTPProxy.pid_file = str(folder / "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{folder / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")

c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["HUB_PASSWORD"]
c.Authenticator.allowed_users = set(os.environ["HUB_USERS"].split())

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "homes" / "{username}")
c.Spawner.cmd = [str(Path(sys.executable).with_name("course")), "serve"]
if os.geteuid() == 0:
    c.Spawner.args = ["--allow-root"]
homes = {"instructor": str(folder / "course")}
c.Spawner.environment.update(
    {
        "COURSE_HOME": lambda spawner: homes.get(spawner.user.name, str(folder / "for-students")),
        "COURSE_EXCHANGE": str(folder / "exchange"),
        "COURSE_STUDENT": lambda spawner: spawner.user.name,
    }
)
