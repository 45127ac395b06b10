"""``aotface serve``."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from aotface.errors import UsageError
from aotface.options import Options
from aotface.reenact.registry import ReenactorSettings
from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Serve:
    """Serve the studio: a page and an HTTP API for swap, refine, verify and compare.

    It listens on this computer alone, unless --address says otherwise; then every request needs a token.
    """

    address: Annotated[str, Option("--address", help="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Option("--port", min=0, max=65535, help="Port; 0 takes any that is free.")] = 8765
    host_name: Annotated[
        str | None,
        Option("--host-name", help="Names of the server that a browser may say, with commas between."),
    ] = None
    token: Annotated[
        str | None,
        Option("--token", help="What every request must know; made and printed where one is needed."),
    ] = None
    state: Annotated[
        Path | None, Option("--state", help="Folder of uploads and results; else in the user's cache folder.")
    ] = None
    keep: Annotated[
        float, Option("--keep", min=0.01, max=8760, help="Hours that uploads and results are kept.")
    ] = 24.0
    weights: Annotated[
        str, Option("--weights", help="Of aot: a packaged name, or a file made by `aotface export`.")
    ] = Options.weights
    device: Annotated[str, Option("--device", help="Where networks run: cpu, cuda, or auto.")] = "auto"
    backend: Annotated[
        str, Option("--backend", help="Runtime of the network of aot: torch, onnx or openvino.")
    ] = Options.backend
    reenact: Annotated[
        str, Option("--reenact", help="How sources get the target's pose; see `aotface swap --help`.")
    ] = ReenactorSettings.name
    reenact_config: Annotated[Path | None, Option("--reenact-config", help="As in `aotface swap`.")] = None
    reenact_model: Annotated[Path | None, Option("--reenact-model", help="As in `aotface swap`.")] = None
    reenact_embedding: Annotated[Path | None, Option("--reenact-embedding", help="As in `aotface swap`.")] = (
        None
    )
    reenact_converter: Annotated[Path | None, Option("--reenact-converter", help="As in `aotface swap`.")] = (
        None
    )
    certificate: Annotated[
        Path | None, Option("--certificate", help="Sign with your own certificate chain (PEM); needs --key.")
    ] = None
    key: Annotated[Path | None, Option("--key", help="Private key of --certificate (PEM).")] = None

    def run(self, reporter: Reporter) -> None:
        """Serve until Ctrl-C.

        Raises:
            UsageError: the extra is not installed, or options do not fit together.
        """
        for package in ("fastapi", "uvicorn", "python_multipart"):
            if find_spec(package) is None:
                raise UsageError(f"aotface serve needs {package}: pip install 'aotface[web]'")
        from aotface.web.server import serve

        serve(self.settings(), self.address, self.port, reporter.say)

    def settings(self) -> Any:
        """The options as `aotface.web.settings.Settings`; a token is made where one is needed."""
        from secrets import token_urlsafe

        from aotface.jobs.spec import JobSpec
        from aotface.settings import check_key_folder
        from aotface.web.settings import EVERY, Settings, is_loopback, state_folder

        names = tuple(name.strip() for name in (self.host_name or "").split(",") if name.strip())
        token = self.token
        if token is None and not is_loopback(self.address):
            token = token_urlsafe(24)
        if token is not None and len(token) < 8:
            raise UsageError("expected a --token of at least 8 letters")
        job: dict[str, Any] = {}
        for name in JobSpec.__struct_fields__:
            value = getattr(self, name, None)
            if value is not None:
                job[name] = str(value.resolve()) if isinstance(value, Path) else value
        if Path(self.weights).is_file():
            job["weights"] = str(Path(self.weights).resolve())
        JobSpec(kind="swap", source="-", target="-", output="-", **job).check()
        if self.certificate is None:
            check_key_folder()
        own = () if self.address in EVERY else (self.address,)
        return Settings(self.state or state_folder(), self.keep, token, (*own, *names), job)
