"""How close two embedders are, on fixed texts.

The texts are of several lengths, kinds and languages, so that a model that was compiled badly
shows: names, numbers, quotations, questions, code, a list, text without a space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from askdoc.types.ports import Embedder

TEXTS = (
    "Salt.",
    "What year did the bridge open?",
    "who repairs the north lighthouse",
    "The ferry leaves at 07:45, except on Sundays and public holidays.",
    "Dr. Amara Nwosu joined the institute in 1998 and retired as its director in 2021.",
    "Revenue rose by 12.4 % to $3.1 million, while costs fell to $2,760,500.",
    'She said: "We counted every nest twice, and the second count was lower."',
    "No, the warranty does not cover damage by water, frost, or use outside its purpose.",
    "- two cups of flour\n- a pinch of salt\n- 250 ml of warm milk, added slowly",
    "def area(radius: float) -> float:\n    return math.pi * radius**2  # in square metres",
    "Error 0x80070005: access denied while writing C:\\Temp\\log_2024-03-11.txt",
    "Der Vertrag verlängert sich um ein Jahr, wenn er nicht drei Monate vorher gekündigt wird.",
    "Le musée est fermé le mardi ; l'entrée est gratuite le premier dimanche du mois.",
    "¿Cuántos kilómetros hay entre la estación y el puerto?",
    "Вода закипает при более низкой температуре высоко в горах.",
    "会议改到星期四下午三点，地点不变。",
    "この機械は毎週点検しなければならない。",
    "المكتبة مفتوحة من الساعة التاسعة صباحا حتى السادسة مساء.",
    "बारिश के कारण मैच दो घंटे देर से शुरू हुआ।",
    (
        "Photosynthesis turns light into chemical energy. Chlorophyll absorbs mostly red and blue "
        "light, which is why leaves look green. The energy splits water, oxygen is released, and "
        "carbon dioxide is bound into sugars that feed the plant and all that eats it."
    ),
    (
        "The committee met three times before the vote. At the first meeting the treasurer set out "
        "the debts, which were larger than anyone had thought. At the second, two members proposed "
        "to sell the old mill; the others feared that the town would not forgive them. At the "
        "third they agreed on a loan, to be paid back over nine years, and on a yearly report to "
        "the public. The vote was five to two. Nobody was content, and the mill stands to this "
        "day, with a new roof, a bakery on the ground floor, and a small exhibition about the "
        "flood of 1953."
    ),
    (
        "Methods. Samples (n = 48) were stored at -80 °C, thawed on ice and diluted 1:10 in "
        "phosphate-buffered saline. Each plate held eight blanks, two positive controls and one "
        "reference serum. Absorbance was read at 450 nm after 15 minutes; values above the mean of "
        "the blanks plus three standard deviations counted as positive. Results. Antibodies were "
        "found in 31 of 48 samples (65 %; 95 % CI 49-78), more often in adults than in children "
        "(odds ratio 2.7, p = 0.03). Discussion. The share is higher than in the survey of the "
        "previous spring, which used another assay; the two should not be compared directly."
    ),
)


@dataclass(frozen=True, slots=True, order=True)
class Parity:
    """Cosines between two embedders' vectors of the same texts: their mean and the smallest."""

    mean: float
    minimum: float


def parity(one: Embedder, other: Embedder) -> Parity:
    """Compare two embedders, on `TEXTS` as passages and as queries."""
    cosines = np.concatenate(
        [
            np.sum(one.embed_passages(TEXTS) * other.embed_passages(TEXTS), axis=1),
            np.sum(one.embed_queries(TEXTS) * other.embed_queries(TEXTS), axis=1),
        ]
    )
    # Rounded, so that a manifest stays readable; a vector that is not a number is no match at all.
    cosines = np.nan_to_num(cosines, nan=-1.0)
    return Parity(round(float(cosines.mean()), 6), round(float(cosines.min()), 6))
