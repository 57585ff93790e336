"""As whom Mosquitto runs when the gateway is root: anybody else, if they can read its files.

Mosquitto changes to `user` before it reads certificates, and needs them again at each reload. So an account is of use
only if every file that the configuration names, and every folder above it, is open to it.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.broker.mosquitto.configuration import MosquittoSettings

_CANDIDATES: Final = ("mosquitto", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int

    def own(self, folder: Path) -> None:
        """Give it the folder and the files directly in it: it writes its store there."""
        for path in (folder, *folder.iterdir()):
            if not path.is_symlink():
                os.chown(path, self.uid, self.gid)

    def may(self, path: Path, want: int) -> bool:
        """True if the mode bits give it `want` (of `stat.S_IROTH` and `stat.S_IXOTH`) on this path."""
        status = path.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & want << 6)
        if status.st_gid == self.gid:
            return bool(status.st_mode & want << 3)
        return bool(status.st_mode & want)


def account_for(settings: MosquittoSettings) -> Account | None:
    """The account to change to; None when the gateway is not root (Mosquitto then runs as the gateway does).

    `settings.run_as`, when given, is taken as it is. Otherwise `mosquitto` or `nobody`, or root when neither can read
    what it must.
    """
    if os.geteuid() != 0:
        return None
    if settings.run_as is not None:
        return _account(settings.run_as)
    for name in _CANDIDATES:
        account = _account(name)
        if account is not None and _can_run(account, settings):
            return account
    return Account("root", 0, 0)


def _account(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)


def _can_run(account: Account, settings: MosquittoSettings) -> bool:
    listeners = (settings.claim, settings.device, settings.service)
    files = [settings.certificate, settings.key, *(one.authority for one in listeners)]
    files += [one.revoked for one in listeners if one.revoked is not None]
    outside = [file for file in files if file.parent != settings.folder]  # what is inside will be given to it
    folders = {folder for file in outside for folder in file.parents} | set(settings.folder.parents)
    return all(account.may(folder, stat.S_IXOTH) for folder in folders) and all(
        account.may(file, stat.S_IROTH) for file in outside if file.exists()
    )
