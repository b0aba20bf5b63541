"""The clients; each module has `run(checks, setting)`."""

import secrets

from ..server import Server

# Never looked up outside (RFC 6761).
NO_SUCH_NAME = "no-such-host.invalid"


class Setting:
    """What the checks share: targets, a server without and one with logins."""

    def __init__(self, workspace, targets, stack):
        self.workspace = workspace
        self.targets = targets
        self.stack = stack
        self.user = "alice"
        # Characters that a client might split or escape at. No %: curl decodes it in --proxy-user.
        self.password = f"p:w@ /{secrets.token_hex(6)}"
        self.utf8_login = ("zoë", f"pässword {secrets.token_hex(6)}")
        self.wrong_password = "wrong-" + secrets.token_hex(6)
        # All checks fail from one address, more often than a client may.
        unlimited = workspace / "unlimited.toml"
        unlimited.write_text('[auth.attempts]\nexempt = ["127.0.0.0/8", "::1/128"]\n')
        self.open = stack.enter_context(Server())
        self.login = stack.enter_context(
            Server(
                *("--user", f"{self.user}:{self.password}"),
                *("--user", ":".join(self.utf8_login)),
                *("--user", "bob:builder"),
                *("--log", "trace"),
                *("--config", str(unlimited)),
            )
        )


from . import admin, curl, dante, gssapi, ident, openssh, proxychains, pysocks, pythonsocks, httplibs, nodesocks, halfclose, stores, flags  # noqa: E402

CLIENTS = [curl, openssh, proxychains, pysocks, pythonsocks, httplibs, nodesocks, dante, gssapi, ident, halfclose, stores, admin, flags]
