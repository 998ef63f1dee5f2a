"""
The rules that an issue is held to before it leaves: one checker for the editor's page, the command line and CI.

A `Proof` is the issue as one reader gets it, with all that a rule may look at; a rule is a function from a proof to
remarks; `examine` asks the rules one by one, puts each remark at its place and grades it as the settings say.
"""
