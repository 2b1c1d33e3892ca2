"""The settings of which files a dataset is read from."""

from pydantic import Field

from hsvis.config.base import Settings


class DataFiles(Settings):
    train: str | list[str] | None = Field(
        None, description="File or files of the training split; your own model can do without."
    )
    test: str | list[str] | None = Field(None, description="File or files of the test split.")
