// SPDX-License-Identifier: MIT
// Any text as a proof: what is read is written again as it was.
#include "delivery/ledger/lines.h"
#include "delivery/ledger/proof.h"

#include <cstdlib>

using namespace landfall;
using namespace landfall::delivery::ledger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of({data, size});
    const auto found = parse_proof(text);
    if (!found) {
        return name(found.error()) == nullptr ? std::abort(), 1 : 0;
    }
    if (proof_text(*found) != text) {
        std::abort();
    }
    const tree_head tree{size, empty_root()};
    if (const auto* one = std::get_if<inclusion_proof>(&*found)) {
        if (check_proof(*one, tree)) {
            std::abort();
        }
    } else if (const auto& other = std::get<consistency_proof>(*found);
               check_proof(other, tree, {other.old_size, leaf_hash({})})) {
        std::abort();
    }
    return 0;
}
