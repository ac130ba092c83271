"""Run every comparison on all its data: python -m benchmarks."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RUNS = [
    ["peers.py", "--data", "ml-100k"],
    ["peers.py", "--data", "ml-1m-positives", "--patience", "300"],
    ["peers.py", "--data", "ml-1m-positives-time", "--patience", "300"],
    ["leaderboard.py"],
    ["content.py"],
    ["judging.py"],
    ["flips.py"],
    ["agreement.py"],
    ["experiments.py"],
    ["offpolicy.py"],
    ["multimodal.py"],
    ["sequential.py"],
    ["sequential.py", "--data", "ml-1m-positives", "--minutes", "60"],
    ["distillation.py"],
]

for script, *options in RUNS:
    print(" ".join([script, *options]), file=sys.stderr)
    subprocess.run([sys.executable, str(HERE / script), *options], check=True)
