// SPDX-License-Identifier: MIT
#include "delivery/spool/manifest.h"

#include <doctest/doctest.h>

#include <string>

using namespace landfall;
using namespace landfall::delivery;

namespace {

stored_segment segment(std::uint64_t sequence) {
    stored_segment made{sequence, 1000 + sequence, 3, 7, 20 + sequence, {}};
    made.digest[0] = static_cast<std::uint8_t>(sequence);
    return made;
}

} // namespace

TEST_CASE("delivery/manifest: later lines count") {
    const std::string text = clock_line(4, 9) + stored_line(segment(1)) + stored_line(segment(2)) +
                             removed_line(1, removal::acknowledged) + stored_line(segment(6)) +
                             stored_line(segment(5), '?') + clock_line(5, 12) +
                             stored_line(segment(3)) + removed_line(3, removal::oldest) +
                             stored_line(segment(4)) + removed_line(4, removal::missing);
    const manifest read = parse_manifest(text);
    CHECK(read.next == 7);
    CHECK(read.clock_s == 26);
    CHECK(read.lines == 11);
    CHECK(read.bad_lines.empty());
    CHECK(!read.torn);
    REQUIRE(read.there.size() == 2);
    CHECK(read.there.at(2) == segment(2));
    CHECK(read.there.at(6) == segment(6));
    CHECK(read.missing.at(5) == segment(5));
    CHECK(read.missing.at(4) == segment(4));
    CHECK(read.removed == std::set<std::uint64_t>{1, 3});
    REQUIRE(read.recent.size() == 4);
    CHECK(read.recent[1].segment == segment(3));
    CHECK(read.recent[1].removed == removal::oldest);
    CHECK(!read.recent[2].removed);
}

TEST_CASE("delivery/manifest: a cut is seen, and whole lines before it count") {
    const std::string text = clock_line(1, 0) + stored_line(segment(1)) + stored_line(segment(2));
    for (std::size_t length = 0; length < text.size(); ++length) {
        const manifest read = parse_manifest(std::string_view(text).substr(0, length));
        CHECK(read.bad_lines.empty());
        CHECK(read.torn == (length > 0 && text[length - 1] != '\n'));
        CHECK(read.there.size() < 2);
    }
}

TEST_CASE("delivery/manifest: every flipped bit is seen, and the other lines count") {
    const std::string text = clock_line(1, 0) + stored_line(segment(1)) +
                             removed_line(9, removal::oldest) + stored_line(segment(2)) +
                             stored_line(segment(3), '?');
    for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
        std::string changed = text;
        changed[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ 1U << bit % 8);
        const manifest read = parse_manifest(changed);
        CHECK_MESSAGE((!read.bad_lines.empty() || read.torn), bit);
        CHECK(read.there.size() + read.missing.size() + read.removed.size() >= 2);
    }
}

TEST_CASE("delivery/manifest: names of files are read as they are written, and nothing else is") {
    crypto::sha256_digest digest{};
    digest[3] = 0xAB;
    for (const std::uint64_t sequence :
         {std::uint64_t{1}, std::uint64_t{1'000'000'000'000}, ~std::uint64_t{0}}) {
        for (const file_kind kind :
             {file_kind::part, file_kind::segment, file_kind::torn, file_kind::bad}) {
            const bool with = kind == file_kind::segment || kind == file_kind::bad;
            const segment_file file{kind, sequence, with ? std::optional(digest) : std::nullopt};
            const std::string name = file_name(file);
            const auto read = parse_file_name(name);
            REQUIRE(read);
            CHECK(read->kind == kind);
            CHECK(read->sequence == sequence);
            CHECK(read->digest == file.digest);
            for (std::size_t length = 0; length < name.size(); ++length) {
                CHECK(!parse_file_name(std::string_view(name).substr(0, length)));
            }
            CHECK(!parse_file_name(name + "x"));
        }
    }
    for (const char* other :
         {"manifest", "seg-1.part", "seg-0000000000001.part", "seg-.age", "seg-000000000001.age",
          "seg-00000000000x.part", "seg-000000000000.part"}) {
        CHECK_MESSAGE(!parse_file_name(other), other);
    }
    CHECK(file_name({file_kind::torn, 42, {}}) == "seg-000000000042.torn");
    for (std::size_t i = 0; i < removal_count; ++i) {
        CHECK(name(static_cast<removal>(i)) != nullptr);
    }
}
