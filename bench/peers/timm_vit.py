"""A small vision transformer of timm in PyTorch: a training with its evaluation, or only some of its steps.

The model is timm's EVA-02 with RMSNorm: rotations by rows and columns, SwiGLU, the mean of all patches. Fashion-MNIST
is in memory as one tensor, normalised, and every image comes once an epoch. AdamW with decay on matrices, a linear
warm-up, then half a cosine. After the last step all held-out images are evaluated.
"""

import gzip
import math
import time
from functools import partial
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from serve import THREADS, repeated, serve
from timm.layers import RmsNorm
from timm.models.eva import Eva
from torch import nn

SIDE, CLASSES = 28, 10
BETAS, DECAY, CLIP = (0.9, 0.95), 0.1, 1.0
torch.set_num_threads(THREADS)
trainings = {}  # whose steps are asked for in every round


def idx(folder, name, header):
    """The bytes of an IDX file behind its header, packed by gzip or not."""
    path = Path(folder, name)
    data = path.read_bytes() if path.exists() else gzip.decompress(Path(folder, name + ".gz").read_bytes())
    return torch.frombuffer(bytearray(data), dtype=torch.uint8, offset=header)


def split(folder, name):
    images = idx(folder, f"{name}-images-idx3-ubyte", 16).view(-1, 1, SIDE, SIDE)
    return images, idx(folder, f"{name}-labels-idx1-ubyte", 8).long()


def random_split(count):
    return torch.randint(256, (count, 1, SIDE, SIDE), dtype=torch.uint8), torch.randint(CLASSES, (count,))


class Images:
    """- folder: with the four files; None for random images."""

    def __init__(self, folder, batch):
        self.batch = batch
        train, self.labels = split(folder, "train") if folder else random_split(10_000)
        test, self.test_labels = split(folder, "t10k") if folder else random_split(2_000)
        pixels = train.float()
        mean, deviation = pixels.mean(), pixels.std()
        self.train, self.test = (pixels - mean) / deviation, (test.float() - mean) / deviation
        self.order = torch.empty(0, dtype=torch.long)

    def next(self):
        """A batch to train on."""
        if len(self.order) < self.batch:
            self.order = torch.cat([self.order, torch.randperm(len(self.labels))])
        chosen, self.order = self.order[: self.batch], self.order[self.batch :]
        return self.train[chosen], self.labels[chosen]


class Training:
    def __init__(self, request):
        torch.manual_seed(request["seed"])
        self.recipe = request["recipe"]
        self.images = Images(request["folder"], self.recipe["batch"])
        layers, width = self.recipe["layers"], self.recipe["width"]
        self.model = Eva(
            img_size=SIDE, patch_size=self.recipe["patch"], in_chans=1, num_classes=CLASSES, embed_dim=width,
            depth=layers, num_heads=self.recipe["heads"], qkv_bias=False, mlp_ratio=self.recipe["hidden"] / width,
            swiglu_mlp=True, norm_layer=partial(RmsNorm, eps=1e-6), use_rot_pos_emb=True, use_abs_pos_emb=False,
            class_token=False, global_pool="avg")
        for name, weight in self.model.named_parameters():
            if weight.dim() > 1:
                writes = name.endswith(("attn.proj.weight", "mlp.fc2.weight"))
                nn.init.normal_(weight, std=self.recipe["init_std"] / (math.sqrt(2 * layers) if writes else 1))
        matrices, others = [], []
        for name, weight in self.model.named_parameters():
            (others if weight.dim() < 2 else matrices).append(weight)
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}],
            lr=self.recipe["lr"], betas=BETAS, fused=True)

    def rate(self, number):
        steps, most, least = self.recipe["steps"], self.recipe["lr"], self.recipe["min_lr"]
        warmup = math.ceil(self.recipe["warmup"])
        if number < warmup:
            return most * (number + 1) / warmup
        share = (1 + math.cos(math.pi * (number - warmup) / max(steps - 1 - warmup, 1))) / 2
        return least + (most - least) * share

    def step(self, number, images, labels):
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(number)
        loss = F.cross_entropy(self.model(images), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()

    @torch.no_grad()
    def accuracy(self):
        """Of all held-out images."""
        self.model.eval()
        images, labels = self.images.test, self.images.test_labels
        batches = zip(images.split(self.recipe["batch"]), labels.split(self.recipe["batch"]))
        right = sum((self.model(some).argmax(1) == classes).sum().item() for some, classes in batches)
        self.model.train()
        return 100 * right / len(labels)


def whole(request):
    """From the files to the evaluation."""
    start = time.perf_counter()
    training = Training(request)
    for number in range(request["recipe"]["steps"]):
        training.step(number, *training.images.next())
    accuracy = training.accuracy()
    return training, {"training": time.perf_counter() - start, "accuracy": accuracy}


def answer(request):
    if request["whole"]:
        training, figures = whole(request)
    else:
        training = trainings.get("steps") or trainings.setdefault("steps", Training(request))
        batch = training.images.next()  # ours takes the time of a step from when its batch is there, too
        figures = {"step": repeated(lambda: training.step(0, *batch), request["seconds"], warm=3)}
    return figures | {
        "parameters": sum(weight.numel() for weight in training.model.parameters()),
        "version": f"{timm.__version__} on PyTorch {torch.__version__}"}


serve(answer)
