#!/bin/bash
# Checks and times the CUDA plugin on a machine with an NVIDIA GPU, nvcc and PyTorch, and no Swift: with what cuda/pack
# made elsewhere, or in a clone where the program has been built. Under 8 minutes, the most important first.
#   cuda/check.sh [FOLDER]                FOLDER for results, else results/gpu/NAME of the GPU
#   cuda/check.sh --emulation [FOLDER]    tries these steps without a GPU, in small, over the emulation
# PYTHON is the Python that has PyTorch, else python3. Every step is done, whatever became of those before, as long as
# there is time; the exit code is 1 where one failed.
set -uo pipefail
cd "$(dirname "$0")/.."
end=470 slow=1 # seconds from now; what multiplies all limits
python="${PYTHON:-python3}" pack=build/cuda/pack
export RUNEXP_OFFLINE=1 RUNEXP_CUDA_PLUGIN="$PWD/build/cuda/librunexp_cuda.so"

if [ $pack.tar.gz -nt $pack/runexp ]; then
  rm -rf $pack
  tar -C build/cuda -xzmf $pack.tar.gz
fi
program=$pack/runexp layouts=(cuda/build layouts) fp8=(cuda/build fp8) build=(cuda/build) gpu=""
[ -x $program ] || program=.build/release/runexp
[ -x $program ] || { echo "error: there is no program: neither $pack/runexp nor .build/release/runexp" >&2; exit 2; }
if [ -d $pack/data ]; then export RUNEXP_DATA="$PWD/$pack/data"; fi
if [ "${1:-}" = --emulation ]; then
  shift
  gpu=emulation end=4700 slow=10 build=(make --no-print-directory -C cuda -j "$(nproc)" emulation)
  for test in layouts flash3_fp8; do build+=("../build/cuda/emulation/test/$test"); done
  layouts=(build/cuda/emulation/test/layouts)
  export RUNEXP_CUDA_PLUGIN="$PWD/build/cuda/librunexp_cuda_emulation.so" RUNEXP_CUBLASLT=off
  fp8=(build/cuda/emulation/test/flash3_fp8 "$RUNEXP_CUDA_PLUGIN")
elif sha256sum --status -c $pack/sources.sha256 2> /dev/null; then
  build=(echo "what was packed is made of these sources") layouts=($pack/layouts)
  export RUNEXP_CUDA_PLUGIN="$PWD/$pack/librunexp_cuda.so"
  fp8=($pack/flash3_fp8 "$RUNEXP_CUDA_PLUGIN")
fi
case "${1:-}" in -*) echo "usage: cuda/check.sh [--emulation] [FOLDER]" >&2; exit 2 ;; esac
[ -n "$gpu" ] || gpu="$(nvidia-smi --query-gpu=name --format=csv,noheader -i 0 2> /dev/null | tr 'A-Z ' 'a-z-')"
[ -n "$gpu" ] || { echo "error: nvidia-smi finds no GPU" >&2; exit 2; }
results="${1:-results/gpu/$gpu}"
mkdir -p "$results"
rm -rf "$results"/{*.log,*.csv,check,runs,goals.md}
results="$(cd "$results" && pwd)"

# Where the dynamic linker finds no cuBLASLt of its own, the program shall find PyTorch's.
cublaslt="$("$python" -c 'import glob, sys
print(*[path for at in sys.path for path in glob.glob(at + "/nvidia/*/lib/libcublasLt.so.*")][:1])' 2> /dev/null)"
if [ -n "$cublaslt" ]; then
  export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$(dirname "$cublaslt")"
fi

# Clocks, power and heat all the time, beside what is measured; and what PyTorch compiles, before it is timed.
children=()
trap 'kill "${children[@]}" 2> /dev/null' EXIT
nvidia-smi -i 0 --query-gpu=timestamp,clocks.sm,clocks.mem,power.draw,temperature.gpu,utilization.gpu \
  --format=csv,nounits -lms 500 > "$results/clocks.csv" 2> /dev/null &
children+=($!)
compilers=()
for model in gpt2 mini; do
  [ "$gpu" = emulation ] && continue
  timeout 120 "$python" cuda/bench/training.py --compile-only --only $model > "$results/compile-$model.log" 2>&1 &
  compilers+=($!) children+=($!)
done

failed=0
# step NAME SECONDS COMMAND...: with its time, its output in NAME.log.
step() {
  local name=$1 limit=$(($2 * slow)) begin=$SECONDS code=0 outcome
  shift 2
  if [ $((end - SECONDS)) -lt "$limit" ]; then limit=$((end - SECONDS)); fi
  if [ "$limit" -le 0 ]; then
    echo "$name: left out, there is no time" | tee -a "$results/steps.log"
    failed=1
    return 1
  fi
  timeout -k 5 "$limit" "$@" > "$results/$name.log" 2>&1 || code=$?
  case $code in
    0) outcome=ok ;;
    124 | 137) outcome="NOT OK, out of time" ;;
    *) outcome="NOT OK, code $code" ;;
  esac
  echo "$name: $outcome, $((SECONDS - begin)) s" | tee -a "$results/steps.log"
  [ $code = 0 ] || { failed=1; tail -n 12 "$results/$name.log"; }
  return $code
}

# run NAME SECONDS SETTING...: an experiment, and its summary, of what there is of it.
run() {
  local name=$1 limit=$2 code=0
  shift 2
  step "$name" "$limit" "$program" run "experiments/$name.yaml" --set device=cuda --quiet \
    --results "$results/runs" "$@" || code=$?
  if [ $code != 0 ] && [ -d "$results/runs/$name/latest" ]; then
    timeout 10 "$program" collect "$results/runs/$name/latest" >> "$results/$name.log" 2>&1
  fi
}

await() { # those who compile have had their time
  while [ $SECONDS -lt $1 ] && kill -0 "${compilers[@]}" 2> /dev/null; do sleep 1; done
  kill "${compilers[@]}" 2> /dev/null
  return 0
}

{
  nvidia-smi
  "$python" -c 'import torch; print("torch", torch.__version__)'
  ldconfig -p | grep libcublasLt
  echo "PyTorch's cuBLASLt: ${cublaslt:-none}"
} > "$results/machine.log" 2>&1
step build 70 "${build[@]}" || exit 1
step layouts 10 "${layouts[@]}"
step doctor 10 "$program" doctor
step fp8 30 "${fp8[@]}"
step check 45 cuda/test/operations "$program" "$results/check" $((20 * slow))
if [ "$gpu" = emulation ]; then
  head -c 3000 docs/kernels.md > "$results/text.log"
  small=(--set 'seeds=[1]' --set "workload.dataset.name=$results/text.log" --set model.layers=1)
  step peers 12 "$python" cuda/bench/peers.py "$RUNEXP_CUDA_PLUGIN" --csv "$results/peers.csv" --emulation
  run ex5-flash3 12 --set workload.rounds=1 --set workload.seconds=0 --vary workload.sequence=32 --set model.width=1024
  run modern 12 "${small[@]}" --set workload.steps=3 --set model.width=32 --set workload.sequence=24
  step training 60 "$python" cuda/bench/training.py "$program" --emulation --csv "$results/training.csv"
  run ex4-kv-cache 12 "${small[@]}" --set workload.rounds=1 --set workload.prompt_tokens=40 \
    --set workload.new_tokens=4 --set workload.chunk=16 --set model.width=64
  run ex1-naive-vs-flash 12 --set workload.rounds=1 --set workload.seconds=0 --vary workload.sequence=64
else
  await $((SECONDS + 15))
  step peers 120 "$python" cuda/bench/peers.py "$RUNEXP_CUDA_PLUGIN" --seconds 112 --csv "$results/peers.csv"
  run ex5-flash3 80 --set workload.rounds=1 --set workload.seconds=0.2
  run modern 35
  step training 100 "$python" cuda/bench/training.py "$program" --csv "$results/training.csv" --seconds 80
  run ex4-kv-cache 25 --set 'seeds=[1]' --set workload.rounds=1
  run ex1-naive-vs-flash 40 --set workload.rounds=1 --set workload.seconds=0.1
fi
python3 cuda/bench/goals.py "$results" | tee "$results/goals.md"
sed -i "s|$PWD/||g" "$results"/*.log # places of this machine are nobody's business elsewhere
cat "$results/steps.log"
exit $failed
