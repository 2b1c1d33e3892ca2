"""What a server offers: configs named singly, and all configs of folders, built or not."""

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from hsvis import paths
from hsvis.build.pipeline import build
from hsvis.config import Config, load_config
from hsvis.errors import CacheError, ConfigError, DamagedFileError, DataError, ModelError
from hsvis.progress import Progress
from hsvis.run.find import find_damage, find_run, open_run
from hsvis.run.store import StateStore
from hsvis.storage import files

SUFFIXES = (".yaml", ".yml")
DEMO = "demo"  # is built first where nothing is, because it needs no download


@dataclass(frozen=True)
class Offer:
    """A run that a server offers.

    Attributes:
        source: the config, as `hsvis build` takes it.
        overrides: `KEY=VALUE` each.
        config: None where it can't be read.
        error: why it can't be read or offered.
        in_folder: found in a folder, not named itself.
        note: why the run of this config is not the one that is shown, or none is shown though one is there:
            it is damaged, of another hsvis, or another build.  It may be built then, unless that is refused.
    """

    source: str
    overrides: tuple[str, ...] = ()
    config: Config | None = None
    error: str = ""
    in_folder: bool = False
    note: str = ""

    @property
    def name(self) -> str:
        """The run's name; of a config that can't be offered, the file's."""
        return self.config.name if self.config and not self.error else Path(self.source).name

    @property
    def arguments(self) -> list[str]:
        """Of the command that builds it."""
        return ["build", self.source, *(part for one in self.overrides for part in ("--set", one))]

    @property
    def command(self) -> str:
        """The command that builds it, to be typed."""
        return shlex.join(["hsvis", *self.arguments])


def offers(named: Sequence[str], overrides: Sequence[str] = ()) -> list[Offer]:
    """The configs that are named by their paths; of a folder all of its YAML files, by name.

    A config of a folder that can't be read is offered with its error; so is one whose run has the
    name of another.

    Raises:
        ConfigError: a config that is named itself can't be read, two of them have one name, or a
            folder has no config that can be read.
    """
    found: list[Offer] = []
    seen: set[Path] = set()
    for path in sorted(named, key=_is_folder):  # those named singly have the first say
        if not _is_folder(path):
            offer = Offer(path, tuple(overrides), load_config(path, overrides))
            if any(one.name == offer.name for one in found):
                raise ConfigError(f"two configs have the name `{offer.name}`. Give each its own `name`.")
            found.append(offer)
            seen.add(Path(path).resolve())
            continue
        inside = [file for file in _files(path) if file.resolve() not in seen]
        seen |= {file.resolve() for file in inside}
        for file in inside:
            found.append(named_apart(read_offer(str(file), overrides, in_folder=True), found))
        _check(path, [one for one in found if Path(one.source).parent == Path(path)])
    return found


def _is_folder(path: str) -> bool:
    """Whether a folder is meant; `reuters` is the packaged config even beside a folder of that name."""
    is_packaged = paths.config_file(Path(path)) != Path(path) and not path.endswith(("/", os.sep))
    return Path(path).is_dir() and not is_packaged


def _files(folder: str) -> list[Path]:
    files = (file for file in Path(folder).iterdir() if file.suffix in SUFFIXES and file.is_file())
    return sorted(files, key=lambda file: file.name)


def sources(named: Sequence[str]) -> list[tuple[str, bool]]:
    """The configs that are at these paths by now, without a look into them, as `offers` orders them.

    Returns:
        (source, whether it was found in a folder) each.

    Raises:
        OSError: a folder can't be listed.
    """
    found: dict[Path, tuple[str, bool]] = {}
    for path in sorted(named, key=_is_folder):
        inside = _files(path) if _is_folder(path) else [path]
        for file in inside:
            found.setdefault(Path(file).resolve(), (str(file), inside != [path]))
    return list(found.values())


def read_offer(source: str, overrides: Sequence[str], *, in_folder: bool) -> Offer:
    """A config as an offer; one that can't be read is offered with its error."""
    try:
        config = load_config(source, overrides, quote=not in_folder)
        return Offer(source, tuple(overrides), config, in_folder=in_folder)
    except ConfigError as error:
        return Offer(source, tuple(overrides), error=str(error), in_folder=in_folder)


def named_apart(offer: Offer, others: Sequence[Offer]) -> Offer:
    """The offer; with an error, if another one has its name."""
    same = next((one for one in others if offer.config and not offer.error and one.name == offer.name), None)
    if same is None:
        return offer
    error = f"{offer.source}: the name `{offer.name}` is that of {same.source}. Give each its own `name`."
    return replace(offer, error=error)


def _check(folder: str, inside: Sequence[Offer]) -> None:
    """Raises ConfigError where a folder has nothing to offer."""
    if not inside and not _files(folder):
        raise ConfigError(f"{folder}: there is no config (*.yaml) in this folder. Name one that has some.")
    if inside and all(one.error for one in inside):
        raise ConfigError("\n".join([f"{folder}: no config of it can be read.", *(o.error for o in inside)]))


def open_offers(
    offered: Sequence[Offer],
    progress: Progress,
    say: Callable[[str], None],
    *,
    building: bool = True,
    from_page: bool | None = None,
) -> list[StateStore]:
    """Opens what a server begins with: configs named singly, built where they are not, and of folders
    what is built.  If that is nothing, one of a folder is built.

    Args:
        say: is told, line by line, what happens to each run.
        building: whether anything may be built.
        from_page: whether the page will offer to build the others; as `building`, where not said.

    Raises:
        ConfigError: something is not built, and building is switched off.
        DataError, ModelError, CacheError: as `pipeline.build`.
    """
    how = building if from_page is None else from_page
    stores = list(_open_each(offered, progress, say, building, how))
    if stores:
        return stores
    ready = [one for one in offered if not one.error]
    if not building:
        commands = " or ".join(f"`{one.command}`" for one in ready)
        damaged = list(filter(None, (find_damage(one.config) for one in ready if one.config)))
        if damaged:
            raise CacheError(
                f"{' '.join(damaged)} Building is switched off, so nothing can be shown. "
                f"First run {commands}."
            )
        raise ConfigError(f"nothing of this is built, and building is switched off. First run {commands}.")
    first = next((one for one in ready if one.name == DEMO), ready[0])
    say(f"{first.name}: nothing is built yet, so this one is built first")
    assert first.config
    with naming(first.source):
        return [build(first.config, progress)]


@contextmanager
def naming(config: str) -> Iterator[None]:
    """Puts the config's file before messages about what is named in it."""
    try:
        yield
    except (DataError, ModelError) as error:
        raise type(error)(f"{paths.config_file(Path(config))}: {error}") from error


def _open_each(
    offered: Sequence[Offer],
    progress: Progress,
    say: Callable[[str], None],
    building: bool,
    from_page: bool,
) -> Iterator[StateStore]:
    for one in offered:
        if one.config is None or one.error:
            say(one.error)
        elif building and not one.in_folder:
            say(one.name)
            try:
                with naming(one.source):
                    made = build(one.config, progress)
            except CacheError as error:  # such as a run of a later hsvis: the others are served
                if len(offered) == 1:
                    raise
                say(f"{one.name}: {error}")
                continue
            yield made
        else:
            store, failed = _open_found(one.config, say)
            damage = "" if store else find_damage(one.config)
            if store is not None:
                yield store
            elif damage:
                say(f"{one.name}: {damage} Build it with `{one.command}`.")
            elif failed:
                continue  # the others are served
            elif one.in_folder:
                how = "it can be built from the page" if from_page else f"build it with `{one.command}`"
                say(f"{one.name}: not built; {how}")
            else:
                raise ConfigError(
                    f"{one.source}: this run is not built, and building is switched off. "
                    f"Build it with `{one.command}`."
                )


def _open_found(config: Config, say: Callable[[str], None]) -> tuple[StateStore | None, bool]:
    """The built run of a config, None if there is none; and whether there is one that can't be opened."""
    found = find_run(config)
    if found is None:
        return None, False
    if found.doubt:
        say(f"{config.name}: {found.doubt}")
    try:
        return open_run(found.folder, config.projections, found.manifest), False
    except CacheError as error:
        say(f"{config.name}: {error}")
        if isinstance(error, DamagedFileError) and error.is_of_content:
            with suppress(OSError):
                files.set_aside(error.path)
        return None, True
