// SPDX-License-Identifier: MIT
#include "delivery/spool/inspect.h"
#include "delivery/spool/store.h"
#include "memory_files.h"
#include "spool_support.h"

#include <map>

using namespace landfall;
using namespace landfall::delivery;

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// What is wrong, by file.
std::map<std::string, finding> wrong_of(memory_files& files, depth how = depth::contents) {
    std::map<std::string, finding> found;
    const auto done = inspect(files, "spool", how, [&](const seen_file& seen) {
        if (seen.wrong) {
            found.emplace(seen.file, *seen.wrong);
        } else {
            CHECK(seen.summary.has_value());
            CHECK((seen.content != nullptr) == (how == depth::contents));
        }
    });
    REQUIRE(done);
    return found;
}

std::vector<std::string> fill(memory_files& files, std::uint64_t segments) {
    auto store = segment_store::open(files, "spool", {}, second);
    REQUIRE(store);
    for (std::uint64_t number = 0; number < segments; ++number) {
        (*store)->put(segment_of(number));
    }
    (*store)->poll(2 * second);
    std::vector<std::string> names;
    for (const auto& [sequence, segment] : (*store)->index().all()) {
        names.push_back(file_name({file_kind::segment, sequence, segment.digest}));
    }
    return names;
}

} // namespace

TEST_CASE("delivery/inspect: every flipped bit and every cut of a segment is found, and named") {
    memory_files files;
    const auto names = fill(files, 3);
    CHECK(wrong_of(files).empty());
    auto& content = files.content("spool/" + names[1]);
    const auto good = content;
    for (std::size_t bit = 0; bit < 8 * good.size(); bit += 3) {
        content[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        CHECK(wrong_of(files) == std::map<std::string, finding>{{names[1], finding::digest}});
        content = good;
    }
    for (std::size_t length = 0; length < good.size(); length += 7) {
        content.resize(length);
        const auto wrong = wrong_of(files, length % 2 == 0 ? depth::headers : depth::contents);
        CHECK(wrong == std::map<std::string, finding>{{names[1], finding::length}});
        content = good;
    }
    CHECK(wrong_of(files).empty());
}

TEST_CASE("delivery/inspect: what is missing is named, also after a start has found it out") {
    memory_files files;
    const auto names = fill(files, 3);
    files.erase("spool/" + names[0]);
    const std::map<std::string, finding> expected{{names[0], finding::missing}};
    CHECK(wrong_of(files) == expected);
    CHECK(fill(files, 0).size() == 2);
    CHECK(wrong_of(files, depth::headers) == expected);
}

TEST_CASE("delivery/inspect: what is not ours is passed over, and a torn file told") {
    memory_files files;
    fill(files, 1);
    for (const char* name : {"spool/notes.txt", "spool/seg-000000000090.part",
                             "spool/seg-000000000091.torn", "spool/manifest.new"}) {
        REQUIRE(files.create(name));
    }
    CHECK(wrong_of(files) ==
          std::map<std::string, finding>{{"seg-000000000091.torn", finding::torn}});
}

TEST_CASE("delivery/inspect: a folder that cannot be read is told") {
    memory_files files;
    files.fail_at = 0;
    files.fail_count = 100;
    files.fail_with = file_error::not_allowed;
    CHECK(inspect(files, "spool", depth::headers, [](const seen_file&) {}).error() ==
          file_error::not_allowed);
    for (std::size_t i = 0; i < finding_count; ++i) {
        CHECK(name(static_cast<finding>(i)) != nullptr);
    }
}
