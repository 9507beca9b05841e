// SPDX-License-Identifier: MIT
// Any octets as an age file: its header is read or refused, and nothing opens that is not whole.
#include "crypto/age.h"
#include "crypto/start.h"

#include <cstdlib>

using namespace landfall;

namespace {

const std::vector<crypto::private_key>& identities() {
    static const std::vector<crypto::private_key> made = [] {
        if (!crypto::start()) {
            std::abort();
        }
        std::vector<crypto::private_key> keys(1);
        for (std::uint8_t& octet : keys.front().bytes()) {
            octet = 0x42;
        }
        return keys;
    }();
    return made;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto& keys = identities();
    const base::octets file(data, size);
    const auto header = crypto::parse_age_header(file);
    if (header && (header->octets > size || header->stanzas.empty())) {
        std::abort();
    }
    const crypto::opened opened = crypto::open_age(file, keys);
    if ((opened.all && !header) || (!opened.all && crypto::name(opened.all.error()) == nullptr)) {
        std::abort();
    }
    // A file that opens does not open when it is shorter.
    if (opened.all && crypto::open_age(file.first(size - 1), keys).all) {
        std::abort();
    }
    return 0;
}
