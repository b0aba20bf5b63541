"""Installs clients: Debian packages, a venv and a node package under target/interop."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

SUITE = Path(__file__).resolve().parent
ROOT = SUITE.parents[2]
REQUIREMENTS = SUITE.parent / "requirements.txt"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
HOME = TARGET / "interop"
VENV = HOME / "venv"
PYTHON = VENV / "bin" / "python"
NODE = HOME / "node"
NODE_PACKAGE = "socks@2.8.10"
DANTE = HOME / "dante"
CURL_SOURCE = SUITE.parent / "gssapi-curl"
CURL_TARGET = HOME / "curl"
CURL = CURL_TARGET / "debug" / "gssapi-curl"
SECONDS = 300

# sshd and others are in a folder that is not in everybody's PATH.
os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"

PACKAGES = {
    "curl": "curl",
    "sshd": "openssh-server",
    "ssh": "openssh-client",
    "nc": "netcat-openbsd",
    "ncat": "ncat",
    "proxychains4": "proxychains4",
    "socksify": "dante-client",
    "tnftp": "tnftp",
    "drill": "ldnsutils",
    "krb5kdc": "krb5-kdc",
    "kadmin.local": "krb5-admin-server",
    "kinit": "krb5-user",
    "krb5-config": "libkrb5-dev",
    "gcc": "gcc",
    "make": "make",
    "htpasswd": "apache2-utils",
    "oidentd": "oidentd",
    "pg_ctlcluster": "postgresql",
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
}

# What brings no command, by a file of theirs.
LIBRARIES = {
    "usr/include/security/pam_appl.h": "libpam0g-dev",
    "*lib/*/security/pam_pwdfile.so": "libpam-pwdfile",
}


def in_venv():
    return Path(sys.prefix).resolve() == VENV


def enter_venv():
    """Goes on in the venv if there is one; the checks that need it are skipped otherwise."""
    if not in_venv() and PYTHON.exists():
        os.execv(PYTHON, [str(PYTHON), "-m", "suite", *sys.argv[1:]])


def install():
    HOME.mkdir(parents=True, exist_ok=True)
    with lock(HOME / "install.lock"):
        step("Debian packages", debian)
        step("venv", venv)
        step("node package", node)
        step("Dante with GSSAPI", dante)
        step("newer curl with GSSAPI", curl)


def step(what, function):
    """What cannot be installed is not fatal: the checks that need it are skipped, by name."""
    try:
        function()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"interop: {what}: {error}", file=sys.stderr)


@contextlib.contextmanager
def lock(path):
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def call(*argv, cwd=None, **env):
    subprocess.run(
        [str(arg) for arg in argv],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        timeout=SECONDS,
        cwd=cwd,
        env=os.environ | env,
    )


def apt_get(*args, cwd=None):
    call("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *args, cwd=cwd, DEBIAN_FRONTEND="noninteractive")


def netcat_is_openbsd():
    if not shutil.which("nc"):
        return False
    told = subprocess.run(["nc", "-h"], capture_output=True, timeout=10, check=False)
    return b"-X proxy_protocol" in told.stdout + told.stderr


def is_there(pattern):
    """With and without /usr, which are the same folder on most systems."""
    return list(Path("/").glob(pattern)) + list(Path("/usr").glob(pattern))


def debian():
    missing = [package for tool, package in PACKAGES.items() if not shutil.which(tool)]
    if not list(Path("/usr/lib").glob("llvm-*/lib/libclang*.so*")):
        # bindgen reads Kerberos' headers by it.
        missing.append("libclang-dev")
    missing += [package for file, package in LIBRARIES.items() if not is_there(file)]
    if not netcat_is_openbsd() and "netcat-openbsd" not in missing:
        missing.append("netcat-openbsd")
    if missing:
        apt_get("update")
        apt_get("install", "-y", "--no-install-recommends", *missing)


def venv():
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = VENV / "requirements.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        call(sys.executable, "-m", "venv", VENV)
    except subprocess.SubprocessError:
        # Debian has ensurepip in a package of its own, for its own python3.
        apt_get("update")
        apt_get("install", "-y", "--no-install-recommends", "python3-venv")
        shutil.rmtree(VENV, ignore_errors=True)
        call("/usr/bin/python3", "-m", "venv", VENV)
    call(PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", REQUIREMENTS)
    stamp.write_text(wanted)


def node():
    installed = NODE / "node_modules" / "socks" / "package.json"
    if not shutil.which("npm") or installed.exists():
        return
    NODE.mkdir(exist_ok=True)
    call("npm", "install", "--prefix", NODE, "--no-audit", "--no-fund", "--silent", NODE_PACKAGE)


def has_kerberos():
    """Whether the feature gssapi can be built."""
    return bool(shutil.which("krb5-config"))


def dante():
    """Debian's dante-client has no GSSAPI, so Debian's source of it is built with that."""
    if (DANTE / "lib" / "libdsocks.so").exists():
        return
    build = HOME / "dante-build"
    shutil.rmtree(build, ignore_errors=True)
    (build / "sources").mkdir(parents=True)
    (build / "lists" / "partial").mkdir(parents=True)
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    (build / "sources" / "dante.sources").write_text(
        "Types: deb-src\nURIs: http://deb.debian.org/debian\n"
        f"Suites: {release['VERSION_CODENAME']}\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )
    # Lists of its own: the system's sources stay as they are.
    options = ["-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={build}/sources"]
    options += ["-o", f"Dir::State::Lists={build}/lists", "-o", "APT::Sandbox::User=root"]
    apt_get(*options, "update")
    apt_get(*options, "source", "--download-only", "dante", cwd=build)
    apt_get("install", "-y", "--no-install-recommends", "dpkg-dev")
    [description] = build.glob("*.dsc")
    call("dpkg-source", "--no-check", "-x", description, "source", cwd=build)
    source = build / "source"
    without = ("--without-ldap", "--without-pam", "--without-krb5", "--without-sasl", "--without-upnp", "--disable-libwrap")
    call("./configure", "--quiet", "--disable-server", "--with-gssapi", *without, f"--prefix={DANTE}", cwd=source)
    # The generated files of the package are right, and only their dates say otherwise.
    tools = ("AUTOCONF=:", "AUTOMAKE=:", "ACLOCAL=:", "AUTOHEADER=:")
    call("make", "--silent", f"-j{os.cpu_count()}", *tools, cwd=source)
    call("make", "--silent", *tools, "install", cwd=source)
    shutil.rmtree(build)


def curl():
    """libcurl of crates.io, which is newer than Debian's and goes on where that one ends."""
    if has_kerberos():
        call("cargo", "build", "--quiet", "--locked", cwd=CURL_SOURCE, CARGO_TARGET_DIR=str(CURL_TARGET))
