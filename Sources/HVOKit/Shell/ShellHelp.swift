// SPDX-License-Identifier: Apache-2.0

/// What the shell says when it is asked for help.
enum ShellHelp {
  static let lines = [
    "Lines are those of scripts (Documentation/Scripts.md):",
    "  ls PATH…                       names in a directory, such as /sys/kernel/mm/hugepages",
    "  cat PATH…                      files, such as /proc/meminfo",
    "  echo TEXT > PATH               writes, such as: echo 64 > /proc/sys/vm/nr_hugepages",
    "  printf FORMAT > PATH           writes without a newline",
    "  #@ map-huge COUNT SIZE touch   a process maps huge pages: touch, reserve, noreserve-touch",
    "  #@ unmap all                   all processes end",
    "  #@ fail-allocation after N     the allocation after the next N fails",
    "  #@ fail-base-pages             every allocation of a base page fails; #@ fail-nothing",
    "  #@ expect PATH VALUE           compares what a file reads as",
    "  #@ remember NAME of PATH       keeps a number; #@ expect change NAME of PATH +N compares",
    "  #@ check                       checks every invariant",
    "  help, exit",
    "Tab completes paths, the arrows go through what was typed before.",
    "Try: echo 1 > /proc/sys/vm/hugetlb_optimize_vmemmap",
    "     echo 64 > /proc/sys/vm/nr_hugepages",
    "     cat /proc/meminfo",
  ]
}
