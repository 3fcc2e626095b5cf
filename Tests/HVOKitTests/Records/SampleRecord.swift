// SPDX-License-Identifier: Apache-2.0

import HVOKit

/// A small record in the format of record files, with every kind of action.
enum SampleRecord {
  static let file = "sample.json"

  static let text = """
    {
      "name": "sample", "kernel": "7.2", "about": "one step of every kind",
      "machine": {
        "architecture": "x86_64", "cpus": 1,
        "command_line": "quiet default_hugepagesz=1G",
        "memory_map": [
          {"start": "0x0", "end": "0x9fc00", "type": "usable"},
          {"start": "0x100000", "end": "0x7ffe0000", "type": "reserved"}
        ],
        "node_ranges": [
          {"start": "0x100000000", "end": "0x140000000", "node": 1, "hotplug": true}
        ]
      },
      "boot": \(observation(memTotal: 1000, free: 500)),
      "steps": [
        {
          "name": "knobs",
          "do": [
            {"write": "/proc/sys/vm/nr_hugepages", "value": "1", "errno": "OK"},
            {"write": "/a", "value": "", "fails": true, "under": "base-page-allocations-fail"},
            {"read": "/b", "text": "0 1"},
            {"map_huge": 2, "page_bytes": 2097152, "how": "noreserve-touch",
             "result": ["mmap OK", "touch SIGBUS"]},
            {"unmap_all": true}, {"consume_memory": "all-but-reserve"}
          ],
          "after": \(observation(memTotal: 1008, free: 507)), "memtotal_exact": true
        },
        {
          "name": "devices",
          "do": [
            {"add_memory": "d0", "start": "0x100000000", "bytes": 1073741824, "node": 1},
            {"every_offline_block": "online", "failed": ["memory33"]},
            {"every_block_from": 32, "value": "offline"},
            {"remove_memory": "d0", "requested": true},
            {"dax_create": "dax0.0", "align": 2097152, "map": "dev",
             "data_start": "0x100200000", "data_bytes": 3219128320},
            {"kmem_bind": "dax0.0", "target_node": 0, "memmap_on_memory": 1},
            {"kmem_unbind": "dax0.0"}, {"pmem_unbind": "namespace0.0"},
            {"dax_destroy": "dax0.0"},
            {"vmalloc": 4194304, "allow_huge": true, "node": "any"},
            {"vmalloc": 4096, "allow_huge": false, "node": 1}
          ]
        }
      ]
    }
    """

  static func load() throws(RecordError) -> Record {
    try Record(parsing: text, file: file)
  }

  private static func observation(memTotal: Int, free: Int) -> String {
    """
    {
      "MemTotal": \(memTotal), "nr_memmap_pages": 0, "nr_memmap_boot_pages": 64, "free": \(free),
      "pools": {"2048kB":
        {"nr": 0, "free": 0, "surplus": 0, "reserved": 0, "overcommit": 18446744073709551615}},
      "node_pools": {"0": {"2048kB": {"nr": 0, "free": 0, "surplus": 0}}},
      "zones": {"0/DMA32": {"spanned": 2000, "present": 1500, "managed": \(memTotal)}},
      "vmemmap": {"huge_leaves": 1, "entries": 512, "entry_tables": 1, "read_only_entries": 0,
        "saved_pages": 0, "shared_frames": {"7": 1}},
      "vmalloc": {"huge_leaves": 2}
    }
    """
  }
}
