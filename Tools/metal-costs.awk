# SPDX-License-Identifier: Apache-2.0
#
# Puts what was counted beside what Linux takes: awk -v arch=x86_64 -f this metal-costs.tsv COUNTED
#
# A line of COUNTED is what ./dev metal count prints. Ends with 1 if something costs more than 5 % more
# than when it was recorded.

BEGIN { FS = "\t" }

FNR == 1 { file++ }

file == 1 && !/^#/ && NF && $1 == arch {
  order[++rows] = $2
  recorded[$2] = $3; old[$2] = $4; middle[$2] = $5; young[$2] = $6; target[$2] = $7
}

# count: 512 pages, cold: a page costs 4858 to grow, 4560 to shrink
file == 2 && /^count: / {
  split($0, word, /[ ,:]+/)
  batch = word[2] == 4 ? "1G" : word[2]
  counted[batch " " word[4] " grow"] = word[8] + 0
  counted[batch " " word[4] " shrink"] = word[11] + 0
}

# costs: ticks of a page fault and back: 138
file == 2 && /^costs: / {
  name = $0
  sub(/^costs: /, "", name); sub(/: [0-9]+$/, "", name)
  value = $0
  sub(/^.*: /, "", value)
  counted[name] = value + 0
}

# What optimization adds: a cost with it, less that without.
function share(name, plain, off) {
  plain = name
  sub(/ share$/, "", plain)
  off = plain
  sub(/ (cold|warm) /, " off ", off)
  return counted[plain] - counted[off]
}

function ratio(ours, theirs) {
  return theirs == "-" || ours <= 0 ? "-" : sprintf("%.2f", ours / theirs)
}

END {
  line = "%-44s %10s %10s %10s %10s %9s %10s  %s\n"
  printf line, "instructions", "ours", "6.1", "6.12", "7.2", "ours:7.2", "target", ""
  for (row = 1; row <= rows; row++) {
    name = order[row]
    ours = name ~ / share$/ ? share(name) : counted[name]
    if (ours == "") { print "nothing was counted for: " name; bad++; continue }
    said = target[name] == "-" ? "" : ours + 0 <= target[name] + 0 ? "met" : "missed"
    slack = recorded[name] < 0 ? -recorded[name] * 0.05 : recorded[name] * 0.05
    # Shares are differences: their slack is that of a whole write.
    if (name !~ / share$/ && ours > recorded[name] + slack) {
      said = said " MORE THAN RECORDED (" recorded[name] ")"
      bad++
    }
    printf line, name, ours, old[name], middle[name], young[name], ratio(ours, young[name]), \
      target[name], said
  }
  exit bad > 0
}
