"""Soft cross-entropy and Dice against occupancies, tolerant where nobody drew the sacrum."""

from __future__ import annotations

import torch
from torch import Tensor

_BACKGROUND, _SACRUM = 0, 2
_SMOOTH = 40.0


def segmentation_loss(scores: Tensor, occupancy: Tensor, unsure: Tensor) -> Tensor:
    """Loss of scores (N, 6, H, W) against occupancies of the same shape; unsure is (N, H, W).

    Targets are shares of a voxel, not labels, so that summed probabilities estimate volumes. The overlap term is
    the Dice semimetric of Wang et al. (2023), 1 - (|p| + |t| - |p - t|) / (|p| + |t|), which unlike plain soft Dice
    is least where p equals a soft t. Where `unsure` is 1, sacrum counts as background too. A voxel whose occupancies
    are all zero is unknown, and counts nowhere.
    """
    log_p = torch.log_softmax(scores, dim=1)
    p = log_p.exp()
    either = torch.logaddexp(log_p[:, _BACKGROUND], log_p[:, _SACRUM])
    background = unsure * either + (1 - unsure) * log_p[:, _BACKGROUND]
    entropy = -(occupancy[:, 0] * background + (occupancy[:, 1:] * log_p[:, 1:]).sum(dim=1))
    # No class weights: they would find small fragments a little earlier, and all volumes too large.
    cross = entropy.mean()
    known = occupancy.sum(dim=1, keepdim=True).expand_as(p).clone()
    known[:, _SACRUM] *= 1 - unsure * occupancy[:, _BACKGROUND]
    p, t = p * known, occupancy * known
    total = (p + t).sum(dim=(0, 2, 3))
    apart = (p - t).abs().sum(dim=(0, 2, 3))
    overlap = (total - apart + _SMOOTH) / (total + _SMOOTH)
    return cross + (1 - overlap[1:]).mean()
