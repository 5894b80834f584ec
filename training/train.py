"""Train a network: `python -m training.train --network sagittal --minutes 80`.

`--resume` goes on from the last checkpoint, `--begin FILE` starts from the weights of another run, or from those that
ship if the file is an exported network (ONNX).
"""

from __future__ import annotations

import argparse
import itertools
import logging
import math
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from training.begin import adopt
from training.checkpoint import Progress, load, make_average, save, update_average
from training.data_options import add_data_options, loader_of
from training.loss import segmentation_loss
from training.network import UNet
from training.recipe import RECIPES
from training.shipped import progress_of, restored

logger = logging.getLogger("training")
_WARM_UP = 0.02
_SAVE_EVERY = 200
_LOG_EVERY = 50
_MEASURED = 40
"""Batches that the normalisation of an exported network is measured on."""


def learning_rate(peak: float, done: float) -> float:
    """Short warm-up, then half a cosine down to 1 % over the share of the time that is done."""
    if done < _WARM_UP:
        return peak * (0.05 + 0.95 * done / _WARM_UP)
    part = min(1.0, (done - _WARM_UP) / (1 - _WARM_UP))
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * part)))


class Trainer:
    """Network, its average, optimiser and progress."""

    def __init__(self, options: argparse.Namespace) -> None:
        torch.manual_seed(options.seed)
        self.device = torch.device(options.device)
        self.recipe = RECIPES[options.network]
        self.network = UNet(self.recipe.widths, self.recipe.fine, self.recipe.channels)
        self.progress = Progress()
        self.checkpoint = Path(options.out) / "last.pt"
        self.resumes = options.resume and self.checkpoint.exists()
        self.exported = options.begin if options.begin and options.begin.suffix == ".onnx" else None
        if options.begin and not self.exported:
            begun = load(options.begin)
            adopt(self.network, begun["average"], self.recipe.series)
            if begun.get("recipe") == self.recipe.name:
                self.progress = Progress(**begun["progress"]).followed()
        self.options = options
        self._prepare()

    def _prepare(self) -> None:
        """The average and the optimiser of the network as it is now; what a resumed run stored."""
        self.network = self.network.to(self.device, memory_format=torch.channels_last)
        self.average = make_average(self.network)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=self.options.rate, weight_decay=1e-3)
        if self.resumes:
            stored = load(self.checkpoint)
            self.network.load_state_dict(stored["network"])
            self.average.load_state_dict(stored["average"])
            self.optimiser.load_state_dict(stored["optimiser"])
            self.progress = Progress(**stored["progress"])

    def begin_exported(self, batches: Iterable[list[Tensor]]) -> None:
        """Take over an exported network, if that is what the run begins with; `batches` show it what comes."""
        if self.exported is None or self.resumes:
            return
        seen = (batch[0] for batch in itertools.islice(batches, _MEASURED))
        self.network = restored(self.exported, self.recipe, seen)
        self.progress = progress_of(self.exported)
        self._prepare()

    @property
    def done(self) -> float:
        """Share of the time that is over."""
        return self.progress.seconds / (60 * self.options.minutes)

    def step(self, batch: list[Tensor]) -> float:
        """One optimiser step; the loss."""
        slices, occupancy, unsure = (tensor.to(self.device) for tensor in batch)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.options.rate, self.done)
        with torch.autocast(self.device.type, torch.bfloat16):
            scores = self.network(slices.contiguous(memory_format=torch.channels_last))
        loss = segmentation_loss(scores.float(), occupancy, unsure)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.progress.step += 1
        update_average(self.average, self.network, self.progress.step)
        return float(loss.detach())

    def store(self) -> None:
        """Write the checkpoint."""
        content = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": asdict(self.progress),
            "recipe": self.recipe.name,
        }
        save(self.checkpoint, content)


def run(options: argparse.Namespace) -> None:
    """Train until the time is over."""
    trainer = Trainer(options)
    # A resumed run draws other samples than the run that it continues.
    batches = iter(loader_of(options, trainer.recipe, options.seed + trainer.progress.step))
    trainer.begin_exported(batches)
    total, before = 0.0, time.monotonic()
    for batch in batches:
        total += trainer.step(batch)
        now = time.monotonic()
        # A pause of the machine is not training.
        trainer.progress.seconds += min(now - before, 20.0)
        before = now
        step = trainer.progress.step
        if step % _LOG_EVERY == 0:
            spent, done = trainer.progress.seconds, 100 * trainer.done
            logger.info("step %d  %.0f s  %.1f %%  loss %.4f", step, spent, done, total / _LOG_EVERY)
            total = 0.0
        if step % _SAVE_EVERY == 0 or trainer.done >= 1:
            trainer.store()
        if trainer.done >= 1:
            break


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=sorted(RECIPES), default="sagittal")
    add_data_options(parser)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--begin", type=Path, default=None, help="checkpoint whose weights a new run starts from")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    run(options)


if __name__ == "__main__":
    main()
