// SPDX-License-Identifier: MIT
// Any text as a manifest, and as a file's name: what is read is written again and read the same.
#include "delivery/spool/manifest.h"

#include <cstdlib>

using namespace landfall;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const delivery::manifest read = delivery::parse_manifest(text);
    std::string written = delivery::clock_line(read.next, read.clock_s);
    for (const auto& [sequence, segment] : read.there) {
        written += delivery::stored_line(segment);
    }
    for (const auto& [sequence, segment] : read.missing) {
        written += delivery::stored_line(segment, '?');
    }
    for (const std::uint64_t sequence : read.removed) {
        if (!read.there.contains(sequence) && !read.missing.contains(sequence)) {
            written += delivery::removed_line(sequence, delivery::removal::oldest);
        }
    }
    const delivery::manifest again = delivery::parse_manifest(written);
    if (again.there != read.there || again.missing != read.missing || again.next != read.next ||
        again.clock_s != read.clock_s || !again.bad_lines.empty() || again.torn) {
        std::abort();
    }
    const auto name = delivery::parse_file_name(text);
    if (name && delivery::file_name(*name) != text) {
        std::abort();
    }
    return 0;
}
