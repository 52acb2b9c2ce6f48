from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.chat.followups import is_open, rewrite, standing_alone
from askdoc.text.mentions import addressed, content_words, names, topic, words
from askdoc.types import Turn

ADA = Turn(
    "What did Ada Hill say about isolation?",
    "Ada Hill, dean of Marsh College at Fenton University, said that isolation holds us back.",
)
LOWER = Turn("what did ada hill say about isolation?", ADA.answer)
CAPITAL = Turn("What is the capital of France?", "Paris is the capital of France.")
HERONS = Turn("Where do herons nest?", "Herons nest in tall trees near water.")
WHO = Turn("Who is dean of Marsh College?", "Ada Hill, dean of Marsh College, spoke on Monday.")
VISITORS = Turn("How many visitors came in 2018?", "Some 12,000 came.")
PIER = Turn("When was the pier closed?", "The pier was closed in 1990.")
FEVER = Turn("What is the incubation period of dengue fever?", "It is four to ten days.")
SIGNS = Turn("What are the symptoms of dengue fever?", "Headache and a rash.")
JAB = Turn("Is there a vaccine against MERS?", "Not yet.")
SPREAD = Turn("How is MERS transmitted?", "By camels.")
CELL = Turn("Which receptor does SARS-CoV-2 use?", "It is ACE2.")
CHAN = Turn("Who was Chan?", "Then Chan left the WHO on June 30, 2017.")
CHAN_IN_FULL = Turn("Who was Chan?", "Since 2006, Margaret Chan had led the WHO.")
SMOKING = Turn("What is smoking?", "It is to breathe smoke in.")
EDITORIAL = Turn("Who wrote the editorial about the WHO?", "It is by Ilona Kick, in Bonn.")
CASES = Turn("How many cases were there in Saudi Arabia?", "Some 1,029.")
HAPPENED = Turn("What happened in March?", "The pier was closed.")
HILL_ON_MERS = Turn("What did Ada Hill say about MERS?", "That it spreads.")
DECIDED = Turn("What was decided?", "To close the pier.")
IN_VAIN = Turn("Who wrote the editorial about Brundt?", "")
STATES = Turn("What is the capital of the United States?", "It is Washington.")
DRUG = Turn("What does Remdevir do?", "It stops the virus.")
YES_NO = Turn("Did the council close the pier?", "The council closed the pier.")
MERS = Turn("What is MERS?", "An illness of the lungs.")
SMITH = Turn("What did John Smith say about isolation?", "John Smith said that he likes it.")
WHO_ON_MERS = Turn("What did the WHO say about MERS?", "That it spreads.")
MAY = Turn("What did Theresa May say about trade?", "That it is good.")
REVENUE = Turn(
    "What revenue did the company have in 2021?",
    "It had 12 million in 2021, as Maria Lind, who leads it, said.",
)
LEFT = Turn("When did Brundt leave the WHO?", "In 2003. Ann Chan led it until she left, too.")


@pytest.mark.parametrize(
    ("turn", "typed", "meant"),
    [
        (ADA, "and what did she say about talent?", "What did Ada Hill say about talent?"),
        (LOWER, "and what did she say about talent?", "What did Ada Hill say about talent?"),
        (ADA, "and talent?", "What did Ada Hill say about talent?"),
        (ADA, "what about talent?", "What did Ada Hill say about talent?"),
        (ADA, "and John Smith?", "What did John Smith say about isolation?"),
        (ADA, "Why is it harmful?", "Why is isolation harmful?"),
        (ADA, "Why does that happen?", "Why does isolation happen?"),
        (ADA, "and in 2019?", "What did Ada Hill say about isolation in 2019?"),
        (ADA, "what else?", "What else did Ada Hill say about isolation?"),
        (ADA, "tell me more", "What did Ada Hill say about isolation?"),
        (ADA, "why?", "What did Ada Hill say about isolation, and why?"),
        (ADA, "What is her job?", "What is Ada Hill’s job?"),
        (CAPITAL, "How large is it?", "How large is the capital of France?"),
        (CAPITAL, "and Germany?", "What is the capital of Germany?"),
        (CAPITAL, "and the population?", "What is the population of France?"),
        (CAPITAL, "and of Spain?", "What is the capital of Spain?"),
        (HERONS, "and swans?", "Where do swans nest?"),
        (HERONS, "When do they return?", "When do herons return?"),
        (HERONS, "why?", "Why do herons nest?"),
        (WHO, "What did she say?", "What did Ada Hill say?"),
        (VISITORS, "and in 2019?", "How many visitors came in 2019?"),
        (VISITORS, "and 2019?", "How many visitors came in 2019?"),
        (PIER, "by whom?", "When was the pier closed, and by whom?"),
        (PIER, "Who closed it?", "Who closed the pier?"),
        (PIER, "and the bridge?", "When was the bridge closed?"),
        (HERONS, "and how high are the trees?", "How high are the trees?"),
        (HERONS, "and how high are the towers?", "How high are the towers (herons, nest)?"),
        (YES_NO, "why?", "Why did the council close the pier?"),
        (FEVER, "And how is it transmitted?", "How is dengue fever transmitted?"),
        (FEVER, "where was it first found?", "Where was dengue fever first found?"),
        (FEVER, "How long is it?", "How long is the incubation period of dengue fever?"),
        (SIGNS, "How does it spread?", "How does dengue fever spread?"),
        (SIGNS, "When do they appear?", "When do the symptoms of dengue fever appear?"),
        (SIGNS, "What about children?", "What are the symptoms of dengue fever in children?"),
        (SIGNS, "how about influenza?", "What are the symptoms of influenza?"),
        (SIGNS, "And what is its cause?", "What is dengue fever’s cause?"),
        (JAB, "who makes it?", "Who makes the vaccine against MERS?"),
        (JAB, "how is it transmitted?", "How is MERS transmitted?"),
        (
            JAB,
            "What did the WHO do about it?",
            "What did the WHO do about the vaccine against MERS?",
        ),
        (SPREAD, "how did the WHO stop it?", "How did the WHO stop MERS?"),
        (JAB, "How does it spread?", "How does MERS spread?"),
        (JAB, "How is it stored?", "How is the vaccine against MERS stored?"),
        (JAB, "and SARS?", "Is there a vaccine against SARS?"),
        (SPREAD, "and the symptoms?", "What about the symptoms of MERS?"),
        (CELL, "and what about bats?", "Which receptor does SARS-CoV-2 use in bats?"),
        (SIGNS, "How long does it last?", "How long does dengue fever last?"),
        (CHAN, "When will she step down?", "When will Chan step down?"),
        (CHAN_IN_FULL, "When will she step down?", "When will Margaret Chan step down?"),
        (EDITORIAL, "Where does she live?", "Where does Ilona Kick live?"),
        (IN_VAIN, "When did she leave?", "When did Brundt leave?"),
        (SMOKING, "And obesity?", "What is obesity?"),
        (SMOKING, "What about MERS?", "What is MERS?"),
        (SMOKING, "Why is it harmful?", "Why is smoking harmful?"),
        (SMOKING, "and the risks?", "What about the risks of smoking?"),
        (DECIDED, "And about obesity?", "What was decided about obesity?"),
        (EDITORIAL, "What about MERS?", "Who wrote the editorial about MERS?"),
        (EDITORIAL, "and the CDC?", "Who wrote the editorial about the CDC?"),
        (EDITORIAL, "Where is it?", "Where is the WHO?"),
        (STATES, "and Germany?", "What is the capital of Germany?"),
        (HILL_ON_MERS, "and SARS?", "What did Ada Hill say about SARS?"),
        (HILL_ON_MERS, "and John Smith?", "What did John Smith say about MERS?"),
        (ADA, "and MERS?", "What did Ada Hill say about MERS?"),
        (CASES, "Where is it?", "Where is Saudi Arabia?"),
        (DRUG, "How does it work?", "How does Remdevir work?"),
    ],
)
def test_a_follow_up_is_made_to_stand_alone(turn: Turn, typed: str, meant: str) -> None:
    assert rewrite(typed, [turn]) == meant


@pytest.mark.parametrize(
    "question",
    [
        "What did the committee decide?",
        "How long does it take to build a bridge?",
        "is it true that pigs fly?",
        "Did Ann Lee say she would go?",
        "does the committee publish its minutes?",
        "In which year was the pier built?",
        "Does the council keep any data that is personal?",
        "What are three factors that can close a pier?",
        'Who sang "It Will Rain" first?',
        "What did Ann Lee say before he met her?",
        "Did Isolation Hall close when Ann Lee left it?",
        "Who argued that it may be impossible to close a pier?",
        "Who said that the pier must close?",
        "isolation",
        "?",
    ],
)
def test_a_question_that_stands_alone_is_left_to_the_letter(question: str) -> None:
    assert rewrite(question, [ADA]) == question


@pytest.mark.parametrize(
    ("turns", "typed"),
    [
        ([CASES], "When did he die?"),
        ([Turn("Can I get at my data to help you sell my boats?", "")], "Did they grow?"),
        ([SPREAD], "When did she leave?"),
        ([HAPPENED], "and why did she leave?"),
        ([CHAN], "He"),
        ([CASES], "He"),
        ([SMOKING], "Where does it live?"),
        ([SMOKING], "How many of them were male?"),
        ([HILL_ON_MERS], "How many of them were male?"),
        ([EDITORIAL, IN_VAIN], "How many of them were male?"),
        ([EDITORIAL, IN_VAIN], "Explain that"),
        ([IN_VAIN], "When did they leave?"),
        ([SMOKING, IN_VAIN], "Where does it live?"),
    ],
)
def test_what_nothing_of_its_kind_was_said_for_is_left_as_typed(
    turns: list[Turn], typed: str
) -> None:
    assert rewrite(typed, turns) == typed
    assert is_open(typed)


@pytest.mark.parametrize(
    ("asked", "typed", "meant"),
    [
        (
            "How many samples tested positive in Kent?",
            "what percentage?",
            "What percentage of samples tested positive in Kent?",
        ),
        ("How many were ill?", "and what proportion?", "What proportion were ill?"),
        ("Which towns reported cases?", "how many?", "How many towns reported cases?"),
        (
            "Which towns reported cases?",
            "what percentage?",
            "What percentage of towns reported cases?",
        ),
        ("How many towns reported cases?", "which ones?", "Which towns reported cases?"),
        ("How many adults were ill?", "how many children?", "How many children were ill?"),
        (
            "When was the search for smoking studies conducted?",
            "which databases?",
            "In which databases was the search for smoking studies conducted?",
        ),
        ("Where is the virus found?", "in which species?", "In which species is the virus found?"),
        ("Who published the review?", "what year?", "In what year was the review published?"),
        ("How is flu diagnosed?", "which test?", "With which test is flu diagnosed?"),
        ("Did the jab help?", "to what extent?", "To what extent did the jab help?"),
        ("What year was the trial held?", "which city?", "In which city was the trial held?"),
        ("Which drug did adults get?", "what dose?", "What dose (drug adults get)?"),
        ("What are the symptoms of flu?", "which ones?", "Which ones (the symptoms of flu)?"),
        ("What dose (drug adults get)?", "which brand?", "Which brand (drug adults get)?"),
        ("Were the foals ill in May?", "how many?", "How many of the foals were ill in May?"),
        ("Are any foals ill?", "how many?", "How many foals are ill?"),
        ("Are foals ill?", "what proportion?", "What proportion of foals are ill?"),
        ("How many nurses were ill?", "and doctors?", "How many doctors were ill?"),
        ("How was flu grown?", "which cell line?", "Which cell line (flu grown)?"),
        ("What percentage of cows were ill?", "which breed?", "Which breed (cows were ill)?"),
        ("Tell me about tin", "which towns?", "Which towns (tin)?"),
        ("Which group was ill?", "what percentage?", "What percentage (group was ill)?"),
        ("Which drug did adults get?", "which town?", "Which town (drug adults get)?"),
        ("Is flu common?", "how common?", "How common is flu?"),
    ],
)
def test_a_question_word_with_a_bare_noun_takes_the_rest_of_the_question_before(
    asked: str, typed: str, meant: str
) -> None:
    assert rewrite(typed, [Turn(asked, "It was told.")]) == meant


@pytest.mark.parametrize("typed", ["what happened?", "what works?", "who won?", "what changed?"])
def test_a_question_word_with_a_verb_stands_alone(typed: str) -> None:
    assert rewrite(typed, [PIER]) == typed


@pytest.mark.parametrize(
    ("turn", "typed", "meant"),
    [
        (PIER, "And Ines, when did she arrive?", "When did Ines arrive?"),
        (
            ADA,
            "and John Smith, what did Ann Lee say about him?",
            "What did Ann Lee say about John Smith?",
        ),
        (ADA, "what about Oslo - is it far?", "Is Oslo far?"),
        (PIER, "and the pumps: how many of them leak?", "How many of the pumps leak?"),
        (PIER, "And the mayor? What is his salary?", "What is the mayor’s salary?"),
        (ADA, "and talent, what did she say about it?", "What did Ada Hill say about talent?"),
        (ADA, "The pier, who built it?", "Who built the pier?"),
        (CAPITAL, "And Spain, why?", "What is the capital of Spain, and why?"),
        (PIER, "And Chan, who led the WHO?", "Chan, who led the WHO?"),
        (PIER, "And in Kent, how many were ill?", "In Kent, how many were ill?"),
        (ADA, "And Kent, Ohio?", "What did Kent, Ohio say about isolation?"),
    ],
)
def test_a_whole_question_behind_what_it_asks_about_stands_by_itself(
    turn: Turn, typed: str, meant: str
) -> None:
    assert rewrite(typed, [turn]) == meant


BREED = Turn("How many were Thoroughbred?", "Some 30% of the Thoroughbred foals.")
DIRECTOR = Turn("Who is the Director-General of the WHO?", "")
MAYOR = Turn("When did the mayor of Oslo resign?", "In May.")


@pytest.mark.parametrize(
    ("turns", "typed", "meant"),
    [
        ([BREED], "and her successor?", "and her successor?"),
        ([BREED], "When did she retire?", "When did she retire?"),
        ([Turn("How many came to Oslo?", "Ten.")], "Where was he born?", "Where was he born?"),
        ([Turn("What did Lind say?", "No.")], "Where was he born?", "Where was Lind born?"),
        ([Turn("Who did they meet?", "Lind said so.")], "Where is he?", "Where is he?"),
        (
            [BREED, DIRECTOR],
            "and her successor?",
            "Who is the Director-General of the WHO’s successor?",
        ),
        (
            [DIRECTOR],
            "and her salary?",
            "What is the Director-General of the WHO’s salary?",
        ),
        ([CHAN], "and her successor?", "Who is Chan’s successor?"),
        (
            [Turn("Who discovered tin?", "It was discovered by Lind.")],
            "Where was he born?",
            "Where was Lind born?",
        ),
        (
            [Turn("What is the sensitivity of the test?", "High.")],
            "and its specificity?",
            "What is the test’s specificity?",
        ),
        ([MAYOR], "Why did he resign?", "Why did the mayor of Oslo resign?"),
        (
            [Turn("How old was the patient?", "She was 40.")],
            "What were her symptoms?",
            "What were the patient’s symptoms?",
        ),
        (
            [Turn("What did the president say?", "It was held, as President Ann Lee said.")],
            "When did she leave?",
            "When did President Ann Lee leave?",
        ),
        ([Turn("Where did the king live?", "Here.")], "When did she die?", "When did she die?"),
        ([Turn("How large are the patient data?", "Big.")], "Did he die?", "Did he die?"),
    ],
)
def test_she_is_somebody_of_whom_something_says_so(
    turns: list[Turn], typed: str, meant: str
) -> None:
    assert rewrite(typed, turns) == meant


def test_what_a_turn_asked_in_vain_is_no_topic_of_another_kind() -> None:
    assert rewrite("Why is it harmful?", [SMOKING, IN_VAIN]) == "Why is smoking harmful?"
    assert rewrite("When did they return?", [HERONS, IN_VAIN]) == "When did herons return?"
    assert rewrite("When did she leave?", [ADA, SMOKING]) == "When did Ada Hill leave?"


def test_a_turn_that_says_nothing_by_itself_is_passed_over() -> None:
    assert rewrite("Tell me more", [HERONS, Turn("He", "")]) == "Where do herons nest?"
    assert rewrite("why?", [HERONS, Turn("tell me more", "")]) == "Why do herons nest?"


@pytest.mark.parametrize(
    "question",
    [
        "Did Ann Lee say she would go?",
        "Is it true that pigs fly?",
        "Where does the lynx live and who keeps it?",
        "When was the bridge built, and is it open?",
    ],
)
def test_a_pronoun_that_the_question_tells_of_itself_is_not_open(question: str) -> None:
    assert not is_open(question)


@pytest.mark.parametrize(
    ("asked", "typed", "meant"),
    [
        ("What is MERS?", "what are the symptoms?", "What are the symptoms of MERS?"),
        ("what is mers?", "what are the symptoms?", "What are the symptoms of mers?"),
        (
            "How is MERS transmitted?",
            "and what are the symptoms?",
            "What are the symptoms of MERS?",
        ),
        (
            "What is MERS?",
            "the symptoms in children?",
            "What are the symptoms of MERS in children?",
        ),
        ("What is MERS?", "Incubation period?", "What is the incubation period of MERS?"),
        ("What is MERS?", "is there a vaccine?", "Is there a vaccine against MERS?"),
        ("What is MERS?", "when do the symptoms appear?", "When do the symptoms of MERS appear?"),
        ("What is MERS?", "what's the death rate?", "What's the death rate of MERS?"),
        (
            "How many cases of MERS were there in Saudi Arabia?",
            "what are the symptoms?",
            "What are the symptoms of MERS?",
        ),
        ("What did the WHO say about MERS?", "list the symptoms", "List the symptoms of MERS?"),
        (
            "How does influenza spread among children?",
            "how are the symptoms treated?",
            "How are the symptoms of influenza treated?",
        ),
        (
            "What are the signs of dengue fever?",
            "how long is the incubation period?",
            "How long is the incubation period of dengue fever?",
        ),
        ("What causes malaria?", "is there a cure?", "Is there a cure for malaria?"),
        (
            "When did the Ebola outbreak begin?",
            "what is the mortality rate?",
            "What is the mortality rate of Ebola?",
        ),
        (
            "What is Middle East Respiratory Syndrome?",
            "what are the main symptoms?",
            "What are the main symptoms of Middle East Respiratory Syndrome?",
        ),
        ("What is the R0 of COVID-19?", "what is the onset?", "What is the onset of COVID-19?"),
        ("What is smoking?", "what are the risks?", "What are the risks of smoking?"),
        (
            "What is the capital of France?",
            "what is the population?",
            "What is the population of France?",
        ),
        ("How deep is the lake?", "what is the size?", "What is the size of the lake?"),
    ],
)
def test_what_something_has_is_asked_of_what_was_spoken_of(
    asked: str, typed: str, meant: str
) -> None:
    assert rewrite(typed, [Turn(asked, "It was told.")]) == meant
    assert rewrite(meant, [Turn(asked, "It was told.")]) == meant


@pytest.mark.parametrize(
    ("asked", "typed"),
    [
        ("What is MERS?", "what are the rules of chess?"),
        ("What is chess?", "what are the rules?"),
        ("What is MERS?", "what are the symptoms of SARS?"),
        ("What is MERS?", "what are the flu symptoms?"),
        ("What is MERS?", "What are the symptoms that patients report?"),
        ("What is MERS?", "What is the time?"),
        ("What is MERS?", "symptoms of decline in medieval art"),
        ("What did Ada Hill say about isolation?", "what are the symptoms?"),
        ("What did the committee decide?", "what are the symptoms?"),
        ("What is the capital of France?", "what are the symptoms?"),
        ("Who was Chan?", "what are the symptoms?"),
        ("What did Chan say?", "is there a treatment?"),
        ("What did the Bank of Norway decide?", "what are the symptoms?"),
        ("When was the pier closed?", "what was the cause?"),
        ("Who is the president of France?", "what is the population?"),
        ("How old is Ada Hill?", "what is the name?"),
    ],
)
def test_what_nothing_spoken_of_has_for_sure_stands_alone(asked: str, typed: str) -> None:
    assert rewrite(typed, [Turn(asked, "It was told.")]) == typed


def test_whose_symptoms_is_told_by_a_turn_before_one_that_was_asked_in_vain() -> None:
    vain = Turn("How many of them were male?", "")
    meant = "What are the symptoms of MERS?"
    assert rewrite("what are the symptoms?", [MERS, vain]) == meant
    assert rewrite("what are the symptoms?", [MERS, PIER]) == "what are the symptoms?"


@pytest.mark.parametrize(
    ("turns", "typed", "meant"),
    [
        ([ADA, SMITH], "and she?", "What did Ada Hill say about isolation?"),
        ([ADA, SMITH], "what about her?", "What did Ada Hill say about isolation?"),
        ([SMITH, ADA], "and he?", "What did John Smith say about isolation?"),
        ([ADA, WHO_ON_MERS], "and she?", "What did Ada Hill say about MERS?"),
        ([LEFT], "and she?", "When did Ann Chan leave the WHO?"),
        ([SMITH, ADA], "and she?", "and she?"),
        ([ADA], "and she?", "and she?"),
        ([ADA, CAPITAL], "and she?", "and she?"),
        ([ADA, CAPITAL], "what about her?", "what about her?"),
        ([ADA, SMITH], "she", "she"),
    ],
)
def test_another_person_of_the_conversation_takes_the_place_of_the_last(
    turns: list[Turn], typed: str, meant: str
) -> None:
    assert rewrite(typed, turns) == meant


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("What did Theresa May say?", True),
        ("What did Prime Minister May say?", True),
        ("Then he met April Jones.", True),
        ("It has rained since April Jones said.", False),
        ("On Monday May 3 it rained.", False),
        ("Then Early May was cold.", False),
        ("Then Dengue Fever was rare.", False),
    ],
)
def test_a_month_may_be_part_of_a_person_s_name(text: str, *, person: bool) -> None:
    [name] = names(text)
    assert name.person is person


def test_a_person_called_like_a_month_is_she() -> None:
    assert rewrite("When did she resign?", [MAY]) == "When did Theresa May resign?"


@pytest.mark.parametrize(
    ("asked", "typed", "meant"),
    [
        (REVENUE.question, "Who leads it now?", "Who leads the company now?"),
        ("What did the museum sell from 2019 to 2021?", "Who leads it?", "Who leads the museum?"),
        ("How many boats were there in March 2020?", "Why did it rise?", "Why did it rise?"),
        ("What happened in 2019?", "Who led it?", "Who led it?"),
        ("Who led in the year 2019?", "why is that?", "why is that?"),
    ],
)
def test_no_date_and_no_number_is_it(asked: str, typed: str, meant: str) -> None:
    assert rewrite(typed, [Turn(asked, "It was told.")]) == meant


@pytest.mark.parametrize(
    ("asked", "typed", "meant"),
    [
        (REVENUE.question, "and 2019?", "What revenue did the company have in 2019?"),
        ("Who led in 2019 and why?", "and in 2020?", "Who led in 2020 and why?"),
        ("Who led in 2019 and why?", "and since 2020?", "Who led since 2020 and why?"),
        ("Who led in 2019 in Oslo?", "what about 2020?", "Who led in 2020 in Oslo?"),
    ],
)
def test_a_year_takes_the_place_of_a_year(asked: str, typed: str, meant: str) -> None:
    assert rewrite(typed, [Turn(asked, "It was told.")]) == meant


@pytest.mark.parametrize(
    "nothing",
    ["and?", "thanks", "no, thank you!", "what about him?", "What about it?", "Who is she?", "ok"],
)
def test_nothing_is_made_of_what_asks_for_nothing(nothing: str) -> None:
    for answer in ("", "Something was found."):
        empty = Turn(nothing, answer)
        assert rewrite("why?", [empty]) == "why?"
        assert rewrite("more", [empty]) == "more"
        assert rewrite("and the revenue in 2021?", [empty]) == "and the revenue in 2021?"
        assert rewrite("why?", [HERONS, empty]) == "Why do herons nest?"


@pytest.mark.parametrize("said", ["thanks", "ok, thanks!", "yes"])
def test_what_is_said_out_of_politeness_is_no_follow_up(said: str) -> None:
    assert rewrite(said, [HERONS]) == said


VAIN = Turn("Who founded isolation?", "")


@pytest.mark.parametrize(
    ("turns", "typed", "meant"),
    [
        ([ADA, VAIN], "And Frank Meng?", "And Frank Meng?"),
        ([ADA, VAIN], "and talent?", "Who founded talent?"),
        ([ADA, VAIN], "why?", "Who founded isolation, and why?"),
        ([ADA, VAIN], "more", "Who founded isolation?"),
        ([ADA, Turn("Who won the cup?", "")], "and in 1998?", "Who won the cup in 1998?"),
        ([ADA, Turn("Who won the cup?", ""), Turn("thanks", "")], "more", "Who won the cup?"),
        (
            [HERONS, Turn("How many visitors came in 2031?", "")],
            "and in 2018?",
            "How many visitors came in 2018?",
        ),
        ([HERONS, Turn("When was the pier closed?", "")], "why?", "Why was the pier closed?"),
        ([HERONS, Turn("and 2018?", "A year.")], "and swans?", "Where do swans nest?"),
        (
            [HERONS, Turn("What did Ada Hill say about it?", "That it is.")],
            "and in 2018?",
            "Where do herons nest in 2018?",
        ),
    ],
)
def test_the_last_whole_question_is_completed_whatever_was_found(
    turns: list[Turn], typed: str, meant: str
) -> None:
    assert rewrite(typed, turns) == meant


@pytest.mark.parametrize(
    ("asked", "typed"),
    [
        ("Who founded isolation?", "And Frank Meng?"),
        ("Who founded MERS?", "And Frank Meng?"),
        ("Who leads the company now?", "what about 2020?"),
        ("What did she say about it?", "what about 2020?"),
        ("What did Ada Hill say about it?", "and in 2020?"),
        (REVENUE.question, "and the profit?"),
        ("isolation", "and talent?"),
    ],
)
def test_what_is_of_no_kind_in_the_question_before_is_left_as_typed(asked: str, typed: str) -> None:
    assert rewrite(typed, [Turn(asked, "It was told.")]) == typed


@pytest.mark.parametrize(
    ("asked", "typed", "meant"),
    [
        ("Who founded Nordwind?", "when was that?", "When was Nordwind founded?"),
        (
            "Who founded Nordwind in Oslo?",
            "and when was that?",
            "When was Nordwind founded in Oslo?",
        ),
        (
            "Who founded the bank of Norway?",
            "where was that?",
            "Where was the bank of Norway founded?",
        ),
        ("Which man wrote the letters?", "when did that happen?", "When were the letters written?"),
        ("When was the pier closed?", "where was that?", "Where was the pier closed?"),
        ("What did Ada Hill say?", "when was that?", "What did Ada Hill say, and when?"),
        ("What is the Fenton Fire?", "when was that?", "When was the Fenton Fire?"),
        ("Who resigned?", "when was that?", "when was that?"),
        ("Who died in Oslo?", "when was that?", "when was that?"),
        ("Who decided that the pier closes?", "when was that?", "when was that?"),
        ("How many visitors came?", "when was that?", "when was that?"),
        ("What did she say about it?", "when was that?", "when was that?"),
    ],
)
def test_when_that_was_is_asked_of_the_verb_before(asked: str, typed: str, meant: str) -> None:
    assert rewrite(typed, [Turn(asked, "It was told.")]) == meant


def test_when_that_was_is_not_asked_of_what_was_asked_in_vain() -> None:
    assert rewrite("when was that?", [VAIN]) == "when was that?"


@pytest.mark.parametrize(
    ("turns", "meant"),
    [
        ([ADA], "What did Ada Hill think about isolation?"),
        ([ADA, PIER], "What did Ada Hill think about the pier?"),
        ([WHO], "What did Ada Hill think about it?"),
        ([EDITORIAL], "What did Ilona Kick think about the WHO?"),
        ([ADA, WHO], "What did Ada Hill think about isolation?"),
        ([Turn("What did Ada Hill say?", "Much.")], "What did Ada Hill think about it?"),
    ],
)
def test_what_she_spoke_of_is_completed_with_her(turns: list[Turn], meant: str) -> None:
    assert rewrite("and what did she think about it?", turns) == meant
    told = Turn(meant, "It was told.")
    assert "it" not in words(rewrite("what about 2021?", [*turns, told]))


@pytest.mark.parametrize(
    ("asked", "typed", "meant"),
    [
        ("What did it spend on pens in 2020?", "and on ink?", "and on ink?"),
        (
            "How much was spent on pens in 2020?",
            "and on ink?",
            "How much was spent on ink in 2020?",
        ),
        ("What is the age of the pier in 2020?", "and in Oslo?", "and in Oslo?"),
        ("How many came in Oslo?", "and in 2020?", "How many came in Oslo in 2020?"),
        (
            "Is there a link between salt and flu?",
            "what about tin?",
            "Is there a link between tin and flu?",
        ),
        ("Is tin bought?", "why not?", "Is tin bought, and why not?"),
        ("Is tin bought?", "any others?", "Is tin bought?"),
        ("Is tin bought?", "Give me more details", "Is tin bought?"),
        ("Which pens write on steel?", "and tin?", "Which pens write on tin?"),
        ("Who found tin?", "and iron?", "Who found iron?"),
        ("Who won the prize in 2010?", "and the cup?", "Who won the cup in 2010?"),
        ("Who found tin?", "and the iron?", "and the iron?"),
        ("Who found tin?", "When was it found?", "When was tin found?"),
        ("Who found tin?", "when did he do it?", "When did Ann Lee do it?"),
    ],
)
def test_what_is_exchanged_is_of_one_kind(asked: str, typed: str, meant: str) -> None:
    assert rewrite(typed, [Turn(asked, "It was told by Ann Lee.")]) == meant


def test_additions_do_not_pile_up() -> None:
    asked = Turn("When was the pier closed, and by whom?", "By the council.")
    assert rewrite("since when?", [asked]) == "When was the pier closed, and since when?"
    assert rewrite("why?", [asked]) == "Why was the pier closed?"
    dated = Turn("What did Ada Hill say about isolation in 2019?", "Nothing.")
    assert rewrite("and 2020?", [dated]) == "What did Ada Hill say about isolation in 2020?"


def test_the_latest_turn_counts_and_older_ones_help() -> None:
    assert rewrite("What did she do?", [ADA, PIER]) == "What did Ada Hill do?"
    assert rewrite("When was it built?", [CAPITAL, PIER]) == "When was the pier built?"


def test_what_is_typed_twice_means_the_same_twice() -> None:
    history = [PIER, Turn("by whom?", "By the council.")]
    assert standing_alone("by  whom?", history) == "When was the pier closed, and by whom?"
    assert standing_alone("by whom?", [PIER, *history]) == standing_alone("by whom?", history)


def test_a_turn_without_words_is_passed_over() -> None:
    assert rewrite("why?", [HERONS, Turn("?", "")]) == "Why do herons nest?"


def test_where_nothing_fits_the_words_of_the_turn_before_are_carried() -> None:
    assert rewrite("and how many died?", [Turn("Where did the Fenton Fire start?", "")]) == (
        "How many died (Fenton Fire)?"
    )


@pytest.mark.parametrize("typed", ["and cows?", "When did she die?", "which cows?"])
def test_a_very_long_question_before_takes_no_long_time(typed: str) -> None:
    started = time.process_time()
    rewrite(typed, [Turn("who saw " + "the patient " * 800, "Nobody.")])
    rewrite(typed, [Turn("who saw " + " at ".join(f"Nam{n}x" for n in range(500)), "Nobody.")])
    assert time.process_time() - started < 5


VOCABULARY = """
    and what about he she it they his its why when where who is did the a of in 2019 Ada Hill France
    pier bridge talent say close? built? more else that this
"""
CARRIED_BY_FORM = {"ok", "okay", "now", "well", "plus", "go", "continue", "anything", "something"}
QUESTIONS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(VOCABULARY.split()), min_size=1, max_size=10).map(" ".join),
)
TURNS = st.lists(st.builds(Turn, QUESTIONS.filter(str.strip), st.text(max_size=80)), max_size=3)


@given(QUESTIONS)
def test_the_first_question_is_left_as_it_is(question: str) -> None:
    assert rewrite(question, []) == question


@given(QUESTIONS, TURNS)
def test_no_word_that_means_something_is_lost(question: str, turns: list[Turn]) -> None:
    made = {word.lower() for word in words(rewrite(question, turns))}
    lost = {word.lower() for word in content_words(question)} - made
    assert not lost - CARRIED_BY_FORM


@given(QUESTIONS, TURNS)
def test_a_question_stays_a_question(question: str, turns: list[Turn]) -> None:
    made = rewrite(question, turns)
    assert bool(made.strip()) == bool(question.strip())
    assert made == question or made.endswith("?")


@given(st.text(max_size=200))
def test_names_stand_where_they_are_said_to(text: str) -> None:
    for name in names(text):
        assert text[name.start :].startswith(name.text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("When Ada Hill met Bo.", ["Ada Hill", "Bo"]),
        ("The Bank of Norway and the U.S. agreed.", ["Bank of Norway", "U.S."]),
        ("Herons nest here.", []),
        ("He saw Herons. Herons nest here.", ["Herons", "Herons"]),
        ("Dr. Bo Lind’s plan", ["Dr. Bo Lind"]),
    ],
)
def test_names_are_told_by_their_capitals(text: str, found: list[str]) -> None:
    assert [name.text for name in names(text)] == found


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("What did the report say about fish stocks?", "fish stocks"),
        ("How deep is the lake?", "the lake"),
        ("What happened?", None),
    ],
)
def test_the_topic_is_told_by_its_place(question: str, about: str | None) -> None:
    assert topic(question) == about


LETTER = "Dear Clara, the outage lasted three hours. We can offer a credit of 1,900 euros."
MEI = Turn("How much does Mei Tanaka earn?", "Mei Tanaka earns 90,000 euros.")
RETRIES = Turn("How many retries are there?", "There are five.")


@pytest.mark.parametrize(
    ("text", "found", "to"),
    [
        ("Dear Clara, we write", ["Clara"], ["Clara"]),
        ("Yes. Hi Ada Hill, we write", ["Ada Hill"], ["Ada Hill"]),
        ("Hello Bob, we write", ["Bob"], ["Bob"]),
        ("Lieber Hans, wir", ["Hans"], ["Hans"]),
        ("Chère Marie Curie, nous", ["Marie Curie"], ["Marie Curie"]),
        ("Dear Mr. Hill, we write", ["Mr. Hill"], ["Mr. Hill"]),
        ("Dear Sir, we write", [], []),
        ("Dear All, we write", [], []),
        ("We like Hello Kitty, a cat", ["Hello Kitty"], []),
        ("Cara Hill wrote", ["Cara Hill"], []),
        ("Dear Clara, as Ada Hill said, Clara is right", ["Clara", "Ada Hill", "Clara"], []),
    ],
)
def test_a_salutation_is_no_part_of_a_name(text: str, found: list[str], to: list[str]) -> None:
    assert [name.text for name in names(text)] == found
    assert addressed(text) == to


@pytest.mark.parametrize("typed", ["what credit did he offer?", "What was her reply?"])
def test_whom_a_letter_speaks_to_is_not_taken_for_who_wrote_it(typed: str) -> None:
    letter = Turn("How long was the outage?", LETTER)
    assert rewrite(typed, [MEI, RETRIES, letter]) == typed


@pytest.mark.parametrize("closing", ["Best, Anders", "Kind regards, Anders", "Yours, Anders"])
def test_who_signs_a_letter_is_its_writer(closing: str) -> None:
    letter = Turn("How long was the outage?", f"{LETTER} {closing}")
    meant = "What credit did Anders offer?"
    assert rewrite("what credit did he offer?", [MEI, RETRIES, letter]) == meant


def test_whom_a_letter_speaks_to_may_be_asked_about() -> None:
    letter = Turn("What did Clara Jones report?", "Dear Clara Jones, you reported noise.")
    assert rewrite("When did she leave?", [MEI, letter]) == "When did Clara Jones leave?"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (LETTER, "What credit did Clara offer?"),
        ("A credit, as Ingrid said.", "What credit did Ingrid offer?"),
        ("A credit.", "What credit did Mei Tanaka offer?"),
    ],
)
def test_a_person_of_the_last_answer_comes_before_older_topics(said: str, meant: str) -> None:
    turns = [MEI, RETRIES, Turn("What credit did Anders Berg offer?", said)]
    assert rewrite("and she?", turns) == meant


@pytest.mark.parametrize(
    ("answer", "typed", "meant"),
    [
        ("Mr Hill spoke.", "Why did she speak?", "Why did she speak?"),
        ("Mr. Hill spoke.", "Why did he speak?", "Why did Mr. Hill speak?"),
        ("Ada Hill spoke, and Mr Hill is glad.", "Why did she speak?", "Why did she speak?"),
        ("Mr Hill and Mrs Hill spoke.", "Why did she speak?", "Why did Mrs Hill speak?"),
        ("Frau Ott spoke.", "Why did he speak?", "Why did he speak?"),
        ("Sir Ian Ott and Mei Lind spoke.", "Why did she speak?", "Why did Mei Lind speak?"),
    ],
)
def test_who_has_the_title_of_another_is_not_meant(answer: str, typed: str, meant: str) -> None:
    assert rewrite(typed, [Turn("Did anybody speak?", answer)]) == meant
