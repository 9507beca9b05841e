// SPDX-License-Identifier: MIT
// Any octets as tiles and bundles of any width; the first octet is the width.
#include "delivery/ledger/tile.h"

#include <cstdlib>

using namespace landfall;
using namespace landfall::delivery::ledger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const unsigned width = data[0] + 1U;
    const base::octets rest(data + 1, size - 1);
    const auto front = entries_in_front(rest);
    std::size_t length = 0;
    for (const base::octets entry : front) {
        length += 2 + entry.size();
    }
    if (length > rest.size() || front.size() > tile_width) {
        std::abort();
    }
    if (const auto entries = parse_bundle(rest, width)) {
        if (entries->size() != width || length != rest.size()) {
            std::abort();
        }
    } else if (name(entries.error()) == nullptr) {
        std::abort();
    }
    if (const auto hashes = parse_tile(rest, width); hashes && hashes->size() != width) {
        std::abort();
    }
    return 0;
}
