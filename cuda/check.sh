#!/bin/bash
# Checks and times the CUDA plugin on a machine with an NVIDIA GPU, nvcc and PyTorch, and no Swift: in the folder that
# cuda/pack made elsewhere, or in a clone where the program has been built.
#   cuda/check.sh [FOLDER]    FOLDER for results, else results/gpu/NAME of the GPU. Under 8 minutes.
# Every step is done, whatever became of those before; the exit code is 1 where one failed.
set -uo pipefail
cd "$(dirname "$0")/.."

program=build/cuda/pack/runexp
[ -x "$program" ] || program=.build/release/runexp
[ -x "$program" ] || { echo "error: there is no program: neither build/cuda/pack/runexp nor .build/release/runexp" >&2; exit 2; }
export LD_LIBRARY_PATH="$PWD/build/cuda/pack${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export RUNEXP_CUDA_PLUGIN="$PWD/build/cuda/librunexp_cuda.so" RUNEXP_OFFLINE=1
[ -d build/cuda/pack/data ] && export RUNEXP_DATA="$PWD/build/cuda/pack/data"

gpu="$(nvidia-smi --query-gpu=name --format=csv,noheader -i 0 2> /dev/null | tr 'A-Z ' 'a-z-')"
[ -n "$gpu" ] || { echo "error: nvidia-smi finds no GPU" >&2; exit 2; }
results="${1:-results/gpu/$gpu}"
mkdir -p "$results"
rm -f "$results"/*.log "$results"/*.csv

# Clocks, power and heat all the time, beside what is measured.
nvidia-smi -i 0 --query-gpu=timestamp,clocks.sm,clocks.mem,power.draw,temperature.gpu,utilization.gpu \
  --format=csv,nounits -lms 500 > "$results/clocks.csv" 2> /dev/null &
clocks=$!
trap 'kill $clocks 2> /dev/null' EXIT

failed=0
# step NAME SECONDS COMMAND...: with its time, its output in NAME.log.
step() {
  local name=$1 limit=$2 begin=$SECONDS code=0
  shift 2
  timeout "$limit" "$@" > "$results/$name.log" 2>&1 || code=$?
  echo "$name: $([ $code = 0 ] && echo ok || echo "failed with $code"), $((SECONDS - begin)) s" | tee -a "$results/steps.log"
  [ $code = 0 ] || { failed=1; tail -n 12 "$results/$name.log"; }
  return $code
}

nvidia-smi > "$results/machine.log" 2>&1
step build 150 cuda/build || exit 1
step layouts 60 cuda/build layouts
step doctor 30 "$program" doctor
step check 150 "$program" kernels --check --device cuda
step repeat 60 "$program" kernels --check --device cuda --only attention
step peers 240 python3 cuda/bench/peers.py "$RUNEXP_CUDA_PLUGIN" --seconds 120 --csv "$results/peers.csv"
step bench 60 "$program" kernels --bench --device cuda --seconds 0.05
for experiment in ex5-flash3 ex1-naive-vs-flash ex4-kv-cache modern; do
  step "$experiment" 120 "$program" run "experiments/$experiment.yaml" --set device=cuda --quiet \
    --results "$results/runs"
  "$program" summary "$results/runs/$experiment/latest" >> "$results/$experiment.log" 2>&1
done
cat "$results/steps.log"
exit $failed
