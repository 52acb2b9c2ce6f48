"""The interactive session: questions, follow-ups and commands at a prompt that stays open.

    run       reads lines from a terminal or a pipe and hands them to the session
    session   what one session remembers, and how a line becomes an answer or a command
    commands  the table of commands; reading, steering and keeping hold what they do
    engine    a thread that opens the index while the user types, and answers from it

prompt_toolkit is imported by `prompting` and `completion` alone.
"""
