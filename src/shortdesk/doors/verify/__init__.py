"""The truth runner: worked examples against the rules.

Adapters translate the names of an example into the arguments of a rule and the rule's answer back into the
names of the example. They do no arithmetic and know no example by its id.
"""
