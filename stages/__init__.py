"""The work: what is done for every scene of a story.

To add a stage: write one file here with a class that meets `stages.pipeline.contract.Stage` (what to ask for a scene,
how to read the answer, which stage it builds on), give it a prompt in `stages/prompts/` in both languages, and add one
line to `stages/registry.py`. Crash safety, resuming, progress files, retries and the commands come with the pipeline.
"""
