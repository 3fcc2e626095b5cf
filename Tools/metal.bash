# SPDX-License-Identifier: Apache-2.0
#
# ./dev metal: the kernel is built, booted, compared and counted. ./dev reads this file.

# The architecture, and what follows from it: the compiler's name for it, and where the image is.
#   choose_architecture x86_64|arm64
choose_architecture() {
  case $1 in
    x86_64) triple=x86_64-unknown-none-elf ;;
    arm64) triple=aarch64-none-none-elf ;;
    *) usage_error "there is no kernel for '$1', only for x86_64 and arm64" ;;
  esac
  arch=$1
  metal_build_folder=.build/metal/$1
  kernel_image=$metal_build_folder/$triple/release/Kernel
}

choose_architecture x86_64

# The linker is found on PATH, where the toolchain need not be. On arm64 the loader wants the image's
# bytes without the ELF around them.
metal_build() {
  local tools
  tools=$(dirname "$(readlink -f "$(command -v swift)")")
  # The list of the core's files is made anew each time: they are another package's.
  PATH=$tools:$PATH swift build --package-path Metal --scratch-path "$metal_build_folder" \
    --disable-build-manifest-caching -c release --triple "$triple" \
    --toolset "Metal/Image/$arch.json" --product Kernel >&2
  [ "$arch" = x86_64 ] ||
    PATH=$tools:$PATH llvm-objcopy -O binary "$kernel_image" "$kernel_image.bin"
}

# The hvo that boots it, and how that is built; ./dev test has one already.
hvo=.build/release/hvo
hvo_flags=(-c release)

build_hvo() {
  begin "building hvo (release)"
  swift build "${hvo_flags[@]}" --product hvo >&2
}

build_both() {
  build_hvo
  begin "building the kernel (release)"
  metal_build
}

# What goes to every `hvo boot`, and to `hvo run` beside it.
boot_options=()
twin_options=()

# Boots the kernel as it was built. What stands here wins over the options of the command.
#   boot ARGUMENT...
boot() {
  "$hvo" boot --arch "$arch" --kernel-image "$kernel_image" "${boot_options[@]}" "$@"
}

# Reads --arch, and the scripts into `scripts`; the rest is for `hvo boot`.
metal_options() {
  scripts=()
  while [ $# -gt 0 ]; do
    case $1 in
      --check)
        boot_options+=("$1")
        twin_options+=("$1")
        shift
        continue
        ;;
      --*) [ $# -ge 2 ] || usage_error "$1 needs a value" ;;
    esac
    case $1 in
      --arch) choose_architecture "$2" && shift 2 ;;
      --*) boot_options+=("$1" "$2") && shift 2 ;;
      *) scripts+=("$1") && shift ;;
    esac
  done
}

# hvo has the kernel built.
metal_run() {
  prepare
  build_hvo
  trap - EXIT
  exec "$hvo" boot "$@"
}

metal_compare() {
  metal_options "$@"
  [ "${#scripts[@]}" -gt 0 ] || usage_error "metal compare needs a script"
  prepare
  build_both
  compare_scripts
}

# Scripts of other architectures are passed over: the kernel has only this processor's tables. One that
# names none is for x86-64.
is_for_kernel() {
  if [ "$arch" = arm64 ]; then
    ! grep -q '^#@ machine .*arch=\(arm64-[16]\|riscv64\|powerpc64\|x86_64-la57\)' "$1"
  else
    ! grep -q '^#@ machine .*arch=\(arm64\|riscv64\|powerpc64\)' "$1"
  fi
}

# On arm64 memory begins at 1 GiB; a script that does not say so gets a machine that does.
#   place_script SCRIPT: prints the name of what is to be run
place_script() {
  local moved=.build/dev/arm64/${1##*/}
  if [ "$arch" = arm64 ] && ! grep -q '^#@ machine .*memory-map=0x40000000-' "$1"; then
    mkdir -p "${moved%/*}"
    awk -f Tools/move-to-1g.awk "$1" >"$moved"
    echo "$moved"
  else
    echo "$1"
  fi
}

compare_scripts() {
  local script differ=0 same=0 twin=.build/dev/twin.txt metal=.build/dev/metal.txt
  begin "comparing the kernel with the twin"
  mkdir -p .build/dev
  for script in "${scripts[@]}"; do
    is_for_kernel "$script" || continue
    script=$(place_script "$script")
    "$hvo" run "$script" "${twin_options[@]}" >"$twin" 2>&1 || true
    boot "$script" >"$metal" || true
    if cmp -s "$twin" "$metal"; then
      same=$((same + 1))
    else
      differ=$((differ + 1))
      echo "$script: the kernel (>) says other than the twin (<)"
      diff "$twin" "$metal" || true
    fi
  done
  echo "$same scripts are the same on the kernel, $differ differ"
  [ "$differ" -eq 0 ]
}

# Grows a pool and lets QEMU walk the tables, at a moment when the kernel waits. As it is QEMU that is
# told to end then, hvo ends with 3.
witness() {
  local folder=.build/dev/witness wait
  begin "asking QEMU what the tables map"
  mkdir -p "$folder"
  printf '%s\n' '#@ machine memory=1G' '#@ boot hugetlb_free_vmemmap=on' \
    'echo 64 > /proc/sys/vm/nr_hugepages' '#@ expect saved-pages 447' >"$folder/grow.hvo"
  rm -f "$folder/serial.txt"
  {
    for ((wait = 0; wait < 120; wait++)); do
      ! grep -q paused "$folder/serial.txt" 2>/dev/null || break
      sleep 1
    done
    echo 'info tlb'
    # What is not read when QEMU ends is lost: it is told to end when it waits for the next command.
    for ((wait = 0; wait < 120; wait++)); do
      [ "$(tail -c 7 "$folder/monitor.txt")" != '(qemu) ' ] ||
        [ "$(grep -ac '^ffffea' "$folder/monitor.txt")" -eq 0 ] || break
      sleep 0.5
    done
    echo quit
  } | boot "$folder/grow.hvo" --append metal.show=pause \
    --qemu "-serial file:$folder/serial.txt -monitor stdio" >"$folder/monitor.txt" || [ $? -eq 3 ]
  cat "$folder/serial.txt"
  tr -d '\r' <"$folder/monitor.txt" | awk '
    # ADDRESS: FRAME XGPDACTUW, with a dash for what is not so. X says that nothing is executed here.
    NF == 3 && $3 ~ /^-.*W$/ { loose++ }
    /^ffffea/ {
      sub(":", "", $1)
      if ($3 ~ /W$/) writable++
      else { readonly++; pages[$2]++ }
    }
    END {
      printf "QEMU finds %d pages of descriptors that can be written\n", writable
      printf "and %d that cannot, mapped to\n", readonly
      for (frame in pages) printf "  frame %s: %d pages\n", frame, pages[frame]
      printf "pages that can be both written and executed: %d\n", loose
      exit !(readonly == 448 && length(pages) == 1 && !loose)
    }'
}

metal_witness() {
  prepare
  build_both
  witness
}

#   show NAME CPUS LINE...
show() {
  local script=.build/dev/show.hvo
  begin "the kernel shows: $1"
  printf '%s\n' '#@ boot hugetlb_free_vmemmap=on' "${@:3}" >"$script"
  boot "$script" --memory 1G --cpus "$2" --append "metal.show=$1"
}

# With -icount each instruction takes one tick of the clock that the kernel reads: the same number on
# every run. One emulated processor, as the others would only wait.
metal_count() {
  metal_options "$@"
  prepare
  build_both
  count_instructions
}

count_instructions() {
  local batch place=memory=8G script=.build/dev/count.hvo
  [ "$arch" = x86_64 ] || place='arch=arm64-4k memory-map=0x40000000-0x240000000:usable'
  begin "counting instructions on $arch"
  mkdir -p .build/dev
  boot_options+=(--qemu '-icount shift=0,sleep=off')
  printf '%s\n' "#@ machine $place" true >"$script"
  for batch in 64 512 1G; do
    boot "$script" --cpus 1 --append "hugetlb_free_vmemmap=on metal.show=count-$batch" |
      grep '^count:'
  done
  boot "$script" --cpus 1 --append metal.show=costs | grep '^costs:'
  printf '%s\n' "#@ machine $place cpus=2" true >"$script"
  boot "$script" --cpus 2 --append metal.show=costs | grep '^costs:.*flush'
}

# Our column beside those of Linux; fails if something costs more than when it was last recorded.
metal_bench() {
  metal_options "$@"
  prepare
  build_both
  compare_costs
}

compare_costs() {
  count_instructions >.build/dev/counted.txt
  awk -v arch="$arch" -f Tools/metal-costs.awk Tools/metal-costs.tsv .build/dev/counted.txt
}

# The kernel finds out by itself what machine it is on.
boot_real_machines() {
  local script=.build/dev/real.hvo shape memory cpus nodes
  begin "booting real machines"
  printf '%s\n' '#@ boot hugetlb_free_vmemmap=on' 'echo 4 > /proc/sys/vm/nr_hugepages' \
    '#@ expect field HugePages_Free of /proc/meminfo 4' '#@ check' >"$script"
  for shape in '64M 1 1' '64M 8 1' '512M 8 4' '8G 1 1' '8G 4 2' '8G 8 4'; do
    read -r memory cpus nodes <<<"$shape"
    shape=(--memory "$memory" --cpus "$cpus" --nodes "$nodes")
    boot "$script" "${shape[@]}" >&2
    # Four levels, on another chipset.
    [ "$arch" = arm64 ] || boot "$script" "${shape[@]}" --append no5lvl --machine q35 >&2
  done
}

# Memory that is not there is refused in words; of a line that is too long the end does not count.
boot_bad_command_lines() {
  local script=.build/dev/bad.hvo edit length padding status
  begin "booting with bad command lines"
  printf '%s\n' '#@ expect /proc/sys/vm/nr_hugepages 2' >"$script"
  for edit in memmap=1G@32G 'memmap=1G!32G' 'memmap=exactmap memmap=32G@0' memmap=512M@3584M; do
    # There, a machine with memory from 1 GiB on has some.
    [ "$arch $edit" != 'arm64 memmap=512M@3584M' ] || edit=memmap=512M@0
    status=0
    boot "$script" --memory 6G --append "hugepages=2 $edit" >&2 || status=$?
    [ "$status" -eq 2 ] || fail "with $edit the kernel was not to boot"
  done
  for length in 2000 2020 4000 50000; do
    printf -v padding '%*s' "$length" ''
    boot "$script" --memory 1G --append "hugepages=2 ${padding// /x} hugepages=5" >&2
  done
}

# Lines of noise are not understood; the next one is. The same noise every time.
boot_with_noise() {
  local noise='' byte hex place status=0
  begin "noise on the serial port"
  RANDOM=1
  for ((place = 0; place < 4000; place++)); do
    byte=$((RANDOM % 256))
    # Control-D would end the shell.
    printf -v hex '\\x%02x' $((byte == 4 ? 5 : byte))
    noise+=$hex
  done
  {
    # shellcheck disable=SC2059
    printf "$noise"
    printf '%10000s\n\r' ''
    printf '%s\n' 'echo 5 > /proc/sys/vm/nr_hugepages' 'cat /proc/sys/vm/nr_hugepages' exit
  } | boot --memory 1G --seconds 120 >.build/dev/noise.txt || status=$?
  [ "$status" -eq 1 ] && grep -qax '5' <(tr -d '\r' <.build/dev/noise.txt) ||
    fail "the kernel did not get through the noise: .build/dev/noise.txt"
}

# What the twin answers stands in the scripts: to 10,000 random operations, and to each operation that
# asks for memory, with each of its allocations failing in turn.
survive() {
  local machine=.build/dev/machine.hvo place='memory=256M'
  [ "$arch" = x86_64 ] || place='arch=arm64-4k memory-map=0x40000000-0x50000000:usable'
  begin "making up operations"
  mkdir -p .build/dev
  printf '%s\n' "#@ machine $place cpus=2 room=512M" \
    '#@ boot hugetlb_free_vmemmap=on memory_hotplug.memmap_on_memory=Y' >"$machine"
  scripts=(.build/dev/random.hvo .build/dev/starved.hvo)
  "$hvo" torture --script-for "$machine" --steps 10000 >"${scripts[0]}"
  "$hvo" torture --script-for "$machine" --what sweep >"${scripts[1]}"
  compare_scripts
}

metal_test() {
  metal_options "$@"
  prepare
  build_both
  test_kernel
}

test_kernel() {
  # These check everything themselves where it matters.
  survive
  scripts=(Tests/Scripts/*.hvo)
  boot_options+=(--check)
  twin_options+=(--check)
  compare_scripts
  boot_real_machines
  boot_bad_command_lines
  boot_with_noise
  # Without folded pages there is nothing to see in the tables.
  if [ "$arch" = x86_64 ]; then
    witness
    show tails 4 'echo 4 > /proc/sys/vm/nr_hugepages'
    show stale 2 true
  fi
  show hammer 8 true
}

# What every push has to pass, with the hvo of the tests.
check_kernels() {
  local arch
  hvo=.build/checked/release/hvo
  hvo_flags=("${checked[@]}")
  begin "kernels (Embedded Swift)"
  command -v qemu-system-x86_64 >/dev/null || install_packages qemu-system-x86
  command -v qemu-system-aarch64 >/dev/null || install_packages qemu-system-arm
  command -v llvm-symbolizer >/dev/null || install_packages llvm
  for arch in x86_64 arm64; do
    beside "kernel for $arch" build_kernel "$arch"
  done
  await_all
  for arch in x86_64 arm64; do check_kernel "$arch"; done
}

build_kernel() {
  choose_architecture "$1"
  metal_build
}

check_kernel() {
  choose_architecture "$1"
  boot_options=()
  twin_options=()
  test_kernel
  boot_options=()
  compare_costs
}

# Puts the function and the line behind each address.
metal_symbolise() {
  local line address
  command -v llvm-symbolizer >/dev/null ||
    fail "no llvm-symbolizer on PATH; as root, run: apt-get install llvm"
  while IFS= read -r line; do
    echo "$line"
    [[ $line =~ ^\ \ at\ (0x[0-9a-f]+) ]] || continue
    address=${BASH_REMATCH[1]}
    llvm-symbolizer -e "$kernel_image" -f -i "$address" | swift demangle --simplified |
      sed -n '/./s/^/       /p'
  done
}

metal() {
  local command=${1-}
  [ $# -eq 0 ] || shift
  case $command in
    build)
      metal_options "$@"
      prepare
      begin "building the kernel (release)"
      metal_build
      echo "$kernel_image"
      ;;
    run) metal_run "$@" ;;
    compare) metal_compare "$@" ;;
    witness) metal_witness ;;
    test) metal_test "$@" ;;
    count) metal_count "$@" ;;
    symbolise) metal_options "$@" && metal_symbolise ;;
    '') usage_error "metal needs a command" ;;
    *) usage_error "unknown command 'metal $command'" ;;
  esac
}
