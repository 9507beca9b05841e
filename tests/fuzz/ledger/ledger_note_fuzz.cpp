// SPDX-License-Identifier: MIT
// Any text as a note, a checkpoint, a key: what is read is within it, and is written again as it
// was.
#include "delivery/ledger/lines.h"
#include "delivery/ledger/note.h"

#include <cstdlib>

using namespace landfall;
using namespace landfall::delivery::ledger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of({data, size});
    if (const auto note = parse_note(text)) {
        if (!text.starts_with(note->text) || note->signatures.empty()) {
            std::abort();
        }
        for (const note_signature& each : note->signatures) {
            if (!is_key_name(each.key_name) || each.octets.empty()) {
                std::abort();
            }
        }
    } else if (name(note.error()) == nullptr) {
        std::abort();
    }
    if (const auto state = parse_checkpoint(text)) {
        if (!text.starts_with(state->origin + "\n" + std::to_string(state->tree.size) + "\n" +
                              crypto::base64(state->tree.root) + "\n")) {
            std::abort();
        }
    }
    const auto key = parse_verifier(text);
    if (key && verifier_text(*key) != text) {
        std::abort();
    }
    const note_key other{"", {}};
    if (open_checkpoint(text, other)) {
        std::abort(); // nobody has signed for a key of zeros
    }
    return 0;
}
