// SPDX-License-Identifier: MIT
// Any text as an entry: what is read is written again as it was.
#include "delivery/ledger/entry.h"
#include "delivery/ledger/lines.h"

#include <cstdlib>

using namespace landfall;
using namespace landfall::delivery::ledger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of({data, size});
    const auto found = parse_entry(text);
    if (!found) {
        return name(found.error()) == nullptr ? std::abort(), 1 : 0;
    }
    if (entry_text(*found) != text) {
        std::abort();
    }
    return 0;
}
