"""What all stages share: the contract, the facts, the fold, the plan, the project folder and the runner."""
