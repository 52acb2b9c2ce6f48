"""Train the reader on prepared questions for a given time.

    python training/reader/train.py PREPARED.pickle FOLDER --minutes 75

Each question is read over two or three passages at once: the one that answers, and wrong ones. At
times its gold is taken out, or a name or number in it is exchanged, so that nothing answers. The
loss is the cross-entropy over all units of these passages and one more choice, `none of them`,
whose score is fixed at 0. Of less weight are the cross-entropy over the units of one passage and
its not-here score, over the first and last token of the short answer with [CLS] for none, and of
yes and no. The rate falls with the time that is left. FOLDER holds a log, and a checkpoint from
which a run with the same settings goes on.
"""

from __future__ import annotations

import argparse
import pickle
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from encode import unit_scores
from examples import Passage, Question
from network import Reader, base_folder
from tokenizers import Tokenizer

from askdoc.models.packaged import TOKENIZER
from askdoc.models.reader import CLS, Encoded, Encoder, Tokens, best_span

sys.path.append(str(Path(__file__).parents[1]))
from groups import noisy

SEED = 5
QUESTIONS, TOGETHER, STEPS = 12, 3, 4
"""Questions of a step, of them those that go through the model at once, and steps drawn at once."""
THREADS = 2
WARM_UP = 40
SECONDS, SAID = 300, 25
"""Seconds between two checkpoints, and steps between two lines of the log."""
SPAN, WITHIN, YES = 0.25, 0.4, 0.2
"""Weights of the losses beside that over all units."""
NOTHING = -1e4
WINDOWS = [70, 90, 110, 110, 130, 150, 190]
"""Tokens that are read of a passage, about. They are the same for all passages of a question, so
that little is padding."""
MOST, KNOWN_CONTEXT = 224, 0.88
"""Tokens of a sequence at most, and how often the context is shown."""
HEADS = 5
"""The rate of the new outputs is higher than that of the layers below by this factor."""

SHARES = {
    "squadshifts_new_wiki": 6,
    "squadshifts_reddit": 3,
    "squadshifts_amazon": 3,
    "squad_train_du44": 9,
    "squad2_train_10": 8,
    "unansq_train_join": 8,
    "nq_open_oracle": 6,
    "clapnq_dev": 1.5,
    "boolq": 3,
    "tatqa_text": 1.5,
    "quotesum": 0.7,
    "qamr": 2,
    "nyu_mcq": 3,
    "pubmedqa": 0.7,
    "qmsum": 0.7,
    "lfrqa": 2.5,
    "medquad": 2.5,
    "selqa": 8,
    "covidqa": 3.5,
    "qed": 4,
    "policyqa": 2.5,
    "tatqa": 4.5,
    "structure_awscli": 4,
    "structure_guides": 6,
    "structure_parameters": 3,
    "structure_fields": 4,
    "structure_tables": 4,
}
"""How often a set is drawn from."""

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\b\d[\d,.]*\b")
_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*")


@dataclass(slots=True)
class Read:
    """One passage as it is read: its units that answer, that may, and its short answer's tokens."""

    sequence: Encoded
    gold: list[int]
    unsure: list[int]
    answer: tuple[int, int] | None
    known: bool = True


@dataclass(slots=True)
class Task:
    """A question over its passages; where `right` is false, none answers."""

    passages: list[Read]
    right: bool
    yes: bool | None
    weight: float = 1.0

    def __len__(self) -> int:
        return max(len(item.sequence) for item in self.passages)


class Teacher:
    """Draws questions from all sets and cuts windows out of passages."""

    def __init__(self, path: Path, encoder: Encoder) -> None:
        with path.open("rb") as file:
            self.passages, train, self.development = pickle.load(file)  # noqa: S301 - our own file
        self.encoder = encoder
        self._sets: dict[str, list[Question]] = {}
        for item in train:
            self._sets.setdefault(item.set, []).append(item)
        self._queues: dict[str, list[Question]] = {name: [] for name in self._sets}
        self._names: dict[tuple[str, bool], list[str]] = {}
        for item in train:
            for name in _NAME.findall(item.text):
                self._names.setdefault((item.set, " " in name), []).append(name)

    def questions(self) -> Iterator[Question]:
        """Yield questions without end, each set in its share, each question of a set in turn."""
        names = [name for name in SHARES if name in self._sets]
        shares = [SHARES[name] for name in names]
        while True:
            name = random.choices(names, shares)[0]
            queue = self._queues[name]
            if not queue:
                queue += random.sample(self._sets[name], len(self._sets[name]))
            yield queue.pop()

    def draw(self, item: Question) -> Task:
        """Make a task of a question."""
        chance, text = random.random(), noisy(item.text)
        wrong = item.wrong[: random.choice([2, 4, 6])]
        count = 2 if random.random() < 0.25 else 1
        # A lower-case question has no names, so that a pair's members look alike.
        removed = item.answerable and bool(item.gold) and chance < 0.13
        elsewhere = item.answerable and 0.13 <= chance < 0.18
        changed = None
        if item.answerable and item.gold and 0.18 <= chance < 0.30:
            changed = self._exchange(item)
        question = self.encoder.tokens([changed or text])[0].ids
        reads, most = [], random.choice(WINDOWS)
        if not elsewhere:
            read = self.window(question, item, item.passage, most, removed=removed)
            if changed or not item.answerable:
                read.gold, read.unsure, read.answer = [], [], None
            reads.append(read)
        reads += [
            self.window(question, item, at, most)
            for at in random.sample(wrong, min(len(wrong), count + elsewhere))
        ]
        right = bool(item.answerable and not (removed or elsewhere or changed))
        weight = 0.6 if removed and item.set in ("covidqa", "policyqa", "tatqa") else 1.0
        return Task(reads, right, item.yes if right else None, weight)

    def window(
        self, question: list[int], item: Question, at: int, most: int, *, removed: bool = False
    ) -> Read:
        """Cut about `most` tokens of units out of a passage, with its gold, and encode them."""
        passage, own = self.passages[at], at == item.passage
        gold = set(item.gold) if own else set()
        unsure = set(item.unsure) if own else set()
        left_out = gold | unsure if removed else set()
        tokens, context = self.encoder.tokens([passage.text, passage.context])
        last = np.array(tokens.ends, dtype=np.int64) - 1
        places = [(int(a), int(b)) for a, b in (np.searchsorted(last, u) for u in passage.units)]
        centre = random.choice(sorted(gold)) if gold else self._likest(item.text, passage)
        if removed:
            near = [unit for unit in range(len(places)) if unit not in left_out]
            centre = min(near, key=lambda unit: abs(unit - centre), default=centre)
        units = [unit for unit in grown(centre, places, most) if unit not in left_out]
        kept = [token for unit in units for token in range(*places[unit])]
        shown = Tokens(
            [tokens.ids[token] for token in kept],
            [tokens.starts[token] for token in kept],
            [tokens.ends[token] for token in kept],
        )
        known = context.ids if random.random() < KNOWN_CONTEXT else []
        ranges = [passage.units[unit] for unit in units]
        sequence = self.encoder.encode(question, known, shown, ranges, MOST)
        seen = [n for n, (begin, end) in enumerate(sequence.units) if end > begin]
        return Read(
            sequence,
            [n for n in seen if units[n] in gold],
            [n for n in seen if units[n] in unsure],
            next(filter(None, (answer_in(sequence, a) for a in item.answers if own)), None),
            known=bool(item.gold) or not own,
        )

    @staticmethod
    def _likest(question: str, passage: Passage) -> int:
        """Find the unit that shares most words with a question, or, at times, any unit."""
        units = passage.units
        if random.random() < 0.25:
            return random.randrange(len(units))
        words = {word for word in _WORD.findall(question.lower()) if len(word) > 3}
        shared = [
            len(words & set(_WORD.findall(passage.text[start:end].lower()))) for start, end in units
        ]
        return max(range(len(units)), key=lambda at: (shared[at], random.random()))

    def _exchange(self, item: Question) -> str | None:
        """Put another name or number into a question; None where there is nothing to exchange."""
        question = item.text
        passage = self.passages[item.passage]
        said = f"{passage.context} {passage.text}".lower()
        numbers = list(_NUMBER.finditer(question))
        found = [*numbers, *_NAME.finditer(question)]
        if not found:
            return None
        place = random.choice(found)
        if place in numbers:
            digits = re.sub(r"\D", "", place.group())
            new = str(max(1, int(digits) + random.choice([-7, -3, -2, -1, 1, 2, 3, 5, 11])))
            if new in said or new == digits or place.group() not in said:
                return None
        else:
            known = self._names.get((item.set, " " in place.group()), [])
            drawn = [random.choice(known) for _ in range(8)] if known else []
            fitting = [name for name in drawn if name.lower() not in said]
            if not fitting or place.group().lower() not in said:
                return None
            new = fitting[0]
        return question[: place.start()] + new + question[place.end() :]


def drawn(teacher: Teacher, stream: Iterator[Question]) -> list[list[Task]]:
    """Draw the questions of some steps, and put those of like length together."""
    tasks = sorted((teacher.draw(next(stream)) for _ in range(QUESTIONS * STEPS)), key=len)
    parts = [tasks[at : at + TOGETHER] for at in range(0, len(tasks), TOGETHER)]
    random.shuffle(parts)
    return parts


def grown(centre: int, places: Sequence[tuple[int, int]], most: int) -> list[int]:
    """Return a run of units round one, of about `most` tokens; it grows at both ends by chance."""
    sizes = [end - begin for begin, end in places]
    first, last, total = centre, centre, sizes[centre]
    while first > 0 or last + 1 < len(places):
        before = first > 0 and (last + 1 == len(places) or random.random() < 0.5)
        step = first - 1 if before else last + 1
        total += sizes[step]
        if total > most:
            break
        first, last = min(first, step), max(last, step)
    return list(range(first, last + 1))


def answer_in(sequence: Encoded, answer: tuple[int, int]) -> tuple[int, int] | None:
    """Return the first and the last token of an answer; None where it was cut off."""
    count = len(sequence) - 1 - sequence.first
    starts, ends = sequence.passage.starts[:count], sequence.passage.ends[:count]
    held = [n for n in range(count) if starts[n] < answer[1] and answer[0] < ends[n]]
    if not held or ends[held[-1]] < answer[1] or starts[held[0]] > answer[0]:
        return None
    return held[0] + sequence.first, held[-1] + sequence.first


def loss_of(tasks: Sequence[Task], model: Reader) -> torch.Tensor:
    """Return the summed loss of some tasks of like length."""
    reads = [read for task in tasks for read in task.passages]
    tokens, passages = model(*padded([read.sequence for read in reads]))
    sums = torch.nn.functional.pad(tokens[..., 0].cumsum(1), (1, 0))
    total, at = 0 * tokens.sum(), 0
    for task in tasks:
        scores, gold = [], []
        for row, read in enumerate(task.passages, start=at):
            seen = [n for n, (begin, end) in enumerate(read.sequence.units) if end > begin]
            if not seen:
                continue
            right = read.gold if read.known else seen if task.right else []
            first, last = (
                torch.tensor([read.sequence.units[n][side] for n in seen]) for side in (0, 1)
            )
            units = (sums[row, last] - sums[row, first]) / (last - first)
            may = torch.tensor([n in read.unsure and n not in right for n in seen])
            units = units.masked_fill(may, NOTHING)
            is_gold = torch.tensor([n in right for n in seen])
            scores.append(units)
            gold.append(is_gold)
            share = 1 / len(task.passages)
            total = total + WITHIN * share * task.weight * missed(units, is_gold, passages[row, :1])
            if read.known or not right:
                total = total + SPAN * share * span_loss(tokens[row], read)
        if scores:
            every, is_gold = torch.cat(scores), torch.cat(gold)
            total = total + task.weight * missed(every, is_gold, torch.zeros(1))
        if task.yes is not None:
            wanted = passages[at, 1] if task.yes else -passages[at, 1]
            total = total - YES * torch.nn.functional.logsigmoid(wanted)
        at += len(task.passages)
    return total


def missed(scores: torch.Tensor, gold: torch.Tensor, none: torch.Tensor) -> torch.Tensor:
    """Cross-entropy over scores and `none`, which is right where nothing is gold."""
    chances = torch.log_softmax(torch.cat([scores, none]), 0)
    return -torch.logsumexp(chances[:-1][gold], 0) if gold.any() else -chances[-1]


def span_loss(tokens: torch.Tensor, read: Read) -> torch.Tensor:
    """Cross-entropy over the first and the last token of the answer; [CLS] where there is none."""
    if read.gold and not read.answer:
        return torch.zeros(())
    start, end = read.answer or (CLS, CLS)
    allowed = torch.full((len(tokens),), NOTHING)
    allowed[CLS] = 0
    allowed[read.sequence.first : len(read.sequence) - 1] = 0
    starts, ends = (torch.log_softmax(tokens[:, n] + allowed, 0) for n in (1, 2))
    return -starts[start] - ends[end]


def padded(sequences: Sequence[Encoded]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return ids, types and mask, each of shape (sequences, longest)."""
    longest = max(map(len, sequences))
    ids, types, mask = (torch.zeros(len(sequences), longest, dtype=torch.long) for _ in range(3))
    for row, item in enumerate(sequences):
        ids[row, : len(item)] = torch.tensor(item.ids)
        types[row, : len(item)] = torch.tensor(item.types)
        mask[row, : len(item)] = 1
    return ids, types, mask


def prepare_model(frozen: int) -> Reader:
    """Make a model whose lower part is not trained, and which leaves nothing out by chance."""
    model = Reader().train()
    model.bert.embeddings.requires_grad_(requires_grad=False)
    for layer in model.bert.encoder.layer[:frozen]:
        layer.requires_grad_(requires_grad=False)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model


def evaluate(model: Reader, teacher: Teacher, questions: Sequence[Question]) -> str:
    """Say how often the gold unit comes first of three windows, and the short answer is exact."""
    state = random.getstate()
    random.seed(SEED)
    first, under, exact = [], [], []
    for item in questions:
        asked = teacher.encoder.tokens([item.text])[0].ids
        most = random.choice(WINDOWS)
        reads = [teacher.window(asked, item, at, most) for at in (item.passage, *item.wrong[:2])]
        with torch.inference_mode():
            found = model(*padded([read.sequence for read in reads]))[0].numpy()
        best = [
            unit_scores(read.sequence, rows[:, 0]) for read, rows in zip(reads, found, strict=True)
        ]
        tops = [float(np.nanmax(scores)) for scores in best]
        at = int(np.argmax(tops))
        first.append(int(np.nanargmax(best[at])) in reads[at].gold)
        under.append(tops[at] < 0)
        if reads[0].answer:
            own, places = reads[0].sequence, reads[0].answer
            span = best_span(own, found[0, :, 1], found[0, :, 2])
            right = (
                own.passage.starts[places[0] - own.first],
                own.passage.ends[places[1] - own.first],
            )
            exact.append((span.start, span.end) == right)
    random.setstate(state)
    told = f"unit first {np.mean(first):.3f}, below none {np.mean(under):.3f}"
    return f"{told}, span exact {np.mean(exact):.3f} of {len(exact)}"


class Run:
    """A training run in a folder: its model, its log, and the time that it has taken."""

    def __init__(self, folder: Path, *, rate: float, frozen: int, start: Path | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._checkpoint = folder / "checkpoint.pt"
        self._log = folder / "log.txt"
        self._rate = rate
        self.model = prepare_model(frozen)
        if start:
            state = torch.load(start, weights_only=True)
            found = state.get("model", state)
            # A checkpoint of the entailment model has the same layers below other outputs.
            self.model.load_state_dict(
                {name: found.get(name, own) for name, own in self.model.state_dict().items()}
            )
        self._trained = [weights for weights in self.model.parameters() if weights.requires_grad]
        heads = [*self.model.tokens.parameters(), *self.model.passage.parameters()]
        body = self._trained[: -len(heads)]
        self._optimiser = torch.optim.AdamW(
            [{"params": body, "factor": 1}, {"params": heads, "factor": HEADS}], weight_decay=0.01
        )
        self.step, self._before, self._started = 0, 0.0, time.monotonic()
        self._first = 0
        if self._checkpoint.exists():
            state = torch.load(self._checkpoint, weights_only=True)
            self.model.load_state_dict(state["model"])
            self._optimiser.load_state_dict(state["optimiser"])
            self.step, self._before = state["step"], state["seconds"]
            self._first = self.step

    @property
    def seconds(self) -> float:
        """How long it has trained, with the time before the checkpoint that it began with."""
        return time.monotonic() - self._started + self._before

    def say(self, text: str) -> None:
        """Print a line and write it to the log."""
        line = f"step {self.step}, {self.seconds / 60:.1f} min: {text}"
        print(line, flush=True)
        with self._log.open("a") as log:
            log.write(line + "\n")

    def save(self) -> None:
        """Write a checkpoint, in one piece or not at all."""
        new = self._checkpoint.with_suffix(".new")
        state = {
            "model": self.model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        torch.save(state, new)
        new.replace(self._checkpoint)

    def learn(self, parts: Sequence[list[Task]], pool: ThreadPoolExecutor, left: float) -> float:
        """Take one step; `left` is the share of the time that is left. Return the loss."""
        warm = min(1, (self.step - self._first + 1) / WARM_UP)
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate * warm * left * group["factor"]
        found = list(pool.map(self._gradients, parts))
        for weights, *gradients in zip(self._trained, *(part for _, part in found), strict=True):
            weights.grad = torch.stack(gradients).sum(0)
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimiser.step()
        self.step += 1
        return sum(loss for loss, _ in found)

    def _gradients(self, tasks: Sequence[Task]) -> tuple[float, Sequence[torch.Tensor]]:
        """Return loss and gradients of some tasks; several threads do so at once."""
        loss = loss_of(tasks, self.model) / QUESTIONS
        found = torch.autograd.grad(loss, self._trained, allow_unused=True, materialize_grads=True)
        return loss.item(), found


def main() -> None:
    """Train, and write checkpoints and a log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prepared", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, required=True, help="of training, in all")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument(
        "--frozen", type=int, default=2, help="layers, from below, that are not trained"
    )
    parser.add_argument(
        "--start", type=Path, help="weights to begin with, also of the entailment model"
    )
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # of each part of a step, which has a thread of its own
    encoder = Encoder(Tokenizer.from_file(str(base_folder() / TOKENIZER)))
    teacher = Teacher(arguments.prepared, encoder)
    run = Run(arguments.folder, rate=arguments.rate, frozen=arguments.frozen, start=arguments.start)
    random.seed(SEED + run.step)
    random.Random(1).shuffle(teacher.development)
    shown = [q for q in teacher.development if q.set in ("selqa", "squad_train_du44")][:200]
    stream, whole, losses, tokens = teacher.questions(), arguments.minutes * 60, [], 0
    parts: list[list[Task]] = []
    saved = told = began = run.seconds
    with ThreadPoolExecutor(THREADS) as pool:
        while run.seconds < whole:
            if not parts:
                parts = drawn(teacher, stream)
            step = [parts.pop() for _ in range(QUESTIONS // TOGETHER)]
            losses.append(run.learn(step, pool, 1 - run.seconds / whole))
            tokens += sum(len(read.sequence) for part in step for t in part for read in t.passages)
            if run.step % SAID == 0:
                speed = tokens / (run.seconds - began)
                run.say(f"loss {np.mean(losses[-SAID:]):.3f}, {speed:.0f} tokens/s")
            if run.seconds - saved > SECONDS:
                run.save()
                saved = run.seconds
            if run.seconds - told > 2 * SECONDS:
                run.say(f"development: {evaluate(run.model, teacher, shown)}")
                told = run.seconds
    run.save()
    run.say(f"ends; development: {evaluate(run.model, teacher, shown)}")


if __name__ == "__main__":
    main()
