# SPDX-License-Identifier: Apache-2.0
#
# Moves a script's machine up by 1 GiB and makes it an arm64 one: on QEMU's `virt` memory begins there.
# What the script expects may then be wrong; what a twin and the kernel say about it is still the same.

# The number in words such as 0x40000000, 512M or 2G; -1 for others.
function number(text, value, place) {
  if (text ~ /^0x[0-9a-f]+$/) {
    value = 0
    for (place = 3; place <= length(text); place++)
      value = value * 16 + index("0123456789abcdef", substr(text, place, 1)) - 1
    return value
  }
  if (text !~ /^[0-9]+[KMGT]?$/) return -1
  value = text + 0
  if (text ~ /K$/) return value * 1024
  if (text ~ /M$/) return value * 1024 ^ 2
  if (text ~ /G$/) return value * 1024 ^ 3
  if (text ~ /T$/) return value * 1024 ^ 4
  return value
}

function hex(value, text) {
  text = ""
  do {
    text = substr("0123456789abcdef", value % 16 + 1, 1) text
    value = int(value / 16)
  } while (value > 0)
  return "0x" text
}

function moved(text) { return number(text) < 0 ? text : hex(number(text) + base) }

# Moves START-END, with whatever stands behind it.
function moved_range(text, end) {
  end = match(text, /[:@]/) ? substr(text, RSTART) : ""
  if (end != "") text = substr(text, 1, RSTART - 1)
  split(text, ends, "-")
  return moved(ends[1]) "-" moved(ends[2]) end
}

function moved_ranges(text, count, place, ranges, result) {
  count = split(text, ranges, ",")
  for (place = 1; place <= count; place++)
    result = result (place == 1 ? "" : ",") moved_range(ranges[place])
  return result
}

function moved_property(text, name, value) {
  if (text ~ /^arch=/) return ""
  name = substr(text, 1, index(text, "="))
  value = substr(text, index(text, "=") + 1)
  if (name == "memory=") return "memory-map=" hex(base) "-" hex(base + number(value)) ":usable"
  if (name ~ /^(memory-map|node|window)=$/) return name moved_ranges(value)
  return text
}

BEGIN {
  base = 1024 ^ 3
  blocks = 8
  hasMachine = 0
}

/^#@ machine/ {
  line = "#@ machine arch=arm64-4k"
  for (field = 3; field <= NF; field++) line = line " " moved_property($field)
  if ($0 !~ /memory(-map)?=/) line = line " " moved_property("memory=1G")
  print line
  hasMachine = 1
  next
}

!/^#/ || /^#@ (expect|remember)/ {
  while (match($0, /memory\/memory[0-9]+/)) {
    place = RSTART + 13
    digits = substr($0, place, RLENGTH - 13) + blocks
    done = done substr($0, 1, place - 1) digits
    $0 = substr($0, place + RLENGTH - 13)
  }
  $0 = done $0
  done = ""
}

/^#@ (add-memory|remove-memory)/ {
  for (field = 3; field < NF; field++) if ($field == "at") $(field + 1) = moved($(field + 1))
}
/^#@ (poison|unpoison|use-device-page|release-device-page|dax-device)/ { $3 = moved($3) }
/^echo .*\/memory\/probe$/ { $2 = moved($2) }
/^#@ pagemap/ { $5 = moved($5) }
/^#@ boot/ {
  for (field = 3; field <= NF; field++)
    if (match($field, /^(mem=|memmap=[^!@$]+[!@$])/))
      $field = substr($field, 1, RLENGTH) moved(substr($field, RLENGTH + 1))
}
{ if (!hasMachine && !/^#/ && NF) { print "#@ machine arch=arm64-4k " moved_property("memory=1G"); hasMachine = 1 } print }
