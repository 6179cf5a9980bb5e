"""Text plays: a market told line by line, with what has to happen.

``words`` reads lines, ``setup``, ``acts`` and ``checks`` know the verbs, ``run`` is the table of them and plays a
script, ``event`` says a journal row in a trader's words and ``table`` prints.
"""
