"""`hsvis check --template`: a file with the function that calls the model of a config."""

from collections.abc import Iterator
from pathlib import Path

from hsvis.build.plan import Plan
from hsvis.config import Config
from hsvis.errors import ConfigError
from hsvis.models.user.provider import UsersModel
from hsvis.progress import Progress, silent


def write_template(config: Config, file: Path, progress: Progress = silent) -> Iterator[str]:
    """Writes the file, and says what to put into the config.

    Raises:
        ConfigError: the file is there already, has no name that Python can import, or there is no such model.
    """
    if file.exists():
        raise ConfigError(f"{file}: is there already, and is not written over. Name another file.")
    inside = file.resolve()
    if file.suffix != ".py" or not file.stem.isidentifier():
        raise ConfigError(f"{file}: is not the name of a Python module. Name it like my_forward.py.")
    provider = Plan.of(config, progress).provider
    if not isinstance(provider, UsersModel):
        raise ConfigError("`--template` is for a model of your own: this config names no `model.factory`.")
    found = provider.template()
    inside.parent.mkdir(parents=True, exist_ok=True)
    with inside.open("x", encoding="utf-8") as target:
        target.write(found.source)
    here = Path.cwd()
    is_near = inside.is_relative_to(here)
    module = ".".join((inside.relative_to(here) if is_near else Path(inside.name)).with_suffix("").parts)
    yield f"{file} is written" + (
        f", but does not work yet: {found.problem}" if found.problem else "; it was tried, and works."
    )
    if found.open:
        yield f"Set {', '.join(found.open)} in it: nobody but you knows what the model is to be told."
    yield f"Put this line into the config, under `model`:\n  forward: {module}:forward"
    if not is_near:
        yield f"Start hsvis in {inside.parent}, so that the file is found."
