// SPDX-License-Identifier: MIT
#include "delivery/ledger/proof.h"

#include "delivery/ledger/lines.h"

namespace landfall::delivery::ledger {
namespace {

constexpr std::string_view first_line = "c2sp.org/tlog-proof@v1";
constexpr std::string_view extra_word = "extra ";
constexpr std::string_view index_word = "index ";
constexpr std::string_view old_word = "old ";

std::string hash_lines(const proof_path& path) {
    std::string text;
    for (const digest& hash : path) {
        text += crypto::base64(hash) + "\n";
    }
    return text;
}

/// Lines up to a blank one, which is taken as well.
std::expected<proof_path, proof_error> parse_path(std::string_view& text) {
    proof_path path;
    while (const auto line = take_line(text)) {
        if (line->empty()) {
            return path;
        }
        const auto hash = parse_digest(*line);
        if (!hash) {
            return std::unexpected(proof_error::hash);
        }
        if (path.size() == most_proof_hashes) {
            return std::unexpected(proof_error::too_long);
        }
        path.push_back(*hash);
    }
    return std::unexpected(proof_error::form);
}

std::optional<std::uint64_t> number_after(std::string_view word,
                                          std::optional<std::string_view> line) {
    return line && line->starts_with(word) ? parse_decimal(line->substr(word.size()))
                                           : std::nullopt;
}

std::expected<proof, proof_error> parse_inclusion(std::string_view text) {
    inclusion_proof parsed;
    auto line = take_line(text);
    if (line && line->starts_with(extra_word)) {
        auto entry = crypto::parse_base64(line->substr(extra_word.size()));
        if (!entry) {
            return std::unexpected(proof_error::no_entry);
        }
        parsed.entry = std::move(*entry);
        line = take_line(text);
    } else {
        return std::unexpected(proof_error::no_entry);
    }
    const auto index = number_after(index_word, line);
    if (!index) {
        return std::unexpected(proof_error::number);
    }
    auto path = parse_path(text);
    if (!path) {
        return std::unexpected(path.error());
    }
    parsed.index = *index;
    parsed.path = std::move(*path);
    parsed.note = text;
    return parsed;
}

std::expected<proof, proof_error> parse_consistency(std::string_view text) {
    const auto old_size = number_after(old_word, take_line(text));
    if (!old_size) {
        return std::unexpected(proof_error::number);
    }
    auto path = parse_path(text);
    if (!path) {
        return std::unexpected(path.error());
    }
    return consistency_proof{*old_size, std::move(*path), std::string(text)};
}

} // namespace

const char* name(proof_error error) noexcept {
    switch (error) {
    case proof_error::form:
        return "form";
    case proof_error::number:
        return "number";
    case proof_error::hash:
        return "hash";
    case proof_error::too_long:
        return "too_long";
    case proof_error::no_entry:
        return "no_entry";
    case proof_error::not_in_it:
        return "not_in_it";
    case proof_error::older:
        return "older";
    }
    return nullptr;
}

std::string proof_text(const proof& what) {
    if (const auto* one = std::get_if<inclusion_proof>(&what)) {
        return std::string(first_line) + "\n" + std::string(extra_word) +
               crypto::base64(one->entry) + "\n" + std::string(index_word) +
               std::to_string(one->index) + "\n" + hash_lines(one->path) + "\n" + one->note;
    }
    const auto& other = std::get<consistency_proof>(what);
    return std::string(old_word) + std::to_string(other.old_size) + "\n" + hash_lines(other.path) +
           "\n" + other.note;
}

std::expected<proof, proof_error> parse_proof(std::string_view text) {
    if (text.size() > most_proof_octets) {
        return std::unexpected(proof_error::too_long);
    }
    if (text.starts_with(old_word)) {
        return parse_consistency(text);
    }
    if (take_line(text) != first_line) {
        return std::unexpected(proof_error::form);
    }
    return parse_inclusion(text);
}

std::expected<void, proof_error> check_proof(const inclusion_proof& what,
                                             const tree_head& tree) noexcept {
    if (!includes(tree, what.index, leaf_hash(what.entry), what.path)) {
        return std::unexpected(proof_error::not_in_it);
    }
    return {};
}

std::expected<void, proof_error> check_proof(const consistency_proof& what, const tree_head& tree,
                                             const tree_head& older) noexcept {
    if (what.old_size != older.size || !extends(tree, older, what.path)) {
        return std::unexpected(proof_error::older);
    }
    return {};
}

} // namespace landfall::delivery::ledger
