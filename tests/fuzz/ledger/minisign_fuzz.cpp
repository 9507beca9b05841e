// SPDX-License-Identifier: MIT
// Any text as minisign's files.
#include "delivery/ledger/lines.h"
#include "delivery/ledger/minisign.h"

#include <cstdlib>

using namespace landfall;
using namespace landfall::delivery::ledger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of({data, size});
    if (const auto key = parse_minisign_key(text)) {
        if (minisign_key(*key).size() < 100) {
            std::abort();
        }
    } else if (name(key.error()) == nullptr) {
        std::abort();
    }
    const auto good = check_minisign(text, {data, size}, {});
    if (good || name(good.error()) == nullptr) {
        std::abort(); // nothing signs itself
    }
    return 0;
}
