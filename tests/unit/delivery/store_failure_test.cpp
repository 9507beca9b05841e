// SPDX-License-Identifier: MIT
// Every file operation fails once, or from then on, or the power is cut there: whatever happens,
// each segment has one fate, and what was announced as durable is there.
#include "delivery/spool/store.h"
#include "memory_files.h"
#include "spool_support.h"

#include <map>

using namespace landfall;
using namespace landfall::delivery;

namespace {

constexpr std::int64_t second = 1'000'000'000;

struct fates {
    std::map<std::string, int> durable; ///< by digest
    std::map<std::string, int> removed;
    std::map<std::string, removal> reason;

    void take(segment_store& store) {
        for (const spool_event& event : store.take_events()) {
            const std::string digest = crypto::to_text(event.segment.digest);
            if (event.removed) {
                ++removed[digest];
                reason[digest] = *event.removed;
            } else {
                ++durable[digest];
            }
        }
    }
};

const std::vector<sealed_segment>& segments() {
    static const std::vector<sealed_segment> made = [] {
        std::vector<sealed_segment> all;
        for (std::uint64_t number = 0; number < 24; ++number) {
            all.push_back(segment_of(number, static_cast<std::uint8_t>(number % 3)));
        }
        return all;
    }();
    return made;
}

/// Segments come, some are published, some have to make room; with `quiet` it ends with time to
/// recover.
void run(segment_store& store, fates& seen, bool quiet) {
    std::int64_t now = second;
    for (std::size_t i = 0; i < segments().size(); ++i) {
        store.put(segments()[i]);
        if (i % 3 == 2) {
            store.poll(now += second);
        }
        if (i % 6 == 5) {
            if (const auto next = store.take()) {
                if (store.content(next->sequence)) {
                    store.acknowledge({&next->sequence, 1});
                } else {
                    store.give_back(next->sequence);
                }
            }
        }
        seen.take(store);
    }
    for (int i = 0; quiet && i < 30; ++i) {
        store.poll(now += 10 * second);
    }
    seen.take(store);
}

store_limits small_limits() {
    return {.most_octets = 10 * segments().front().octets.size(), .reserve_octets = 1000};
}

/// The folder holds exactly the index's segments, each of them good.
void check_folder(memory_files& files, segment_store& store) {
    std::size_t found = 0;
    for (const std::string& path : files.paths()) {
        const auto file = parse_file_name(path.substr(path.rfind('/') + 1));
        if (!file) {
            continue;
        }
        CHECK(file->kind != file_kind::part);
        found += file->kind == file_kind::segment ? 1U : 0U;
    }
    CHECK(found == store.index().all().size());
    std::map<std::string, int> seen;
    for (const auto& [sequence, segment] : store.index().all()) {
        const std::string digest = crypto::to_text(segment.digest);
        CHECK(++seen[digest] == 1);
        const auto& content =
            files.content("spool/" + file_name({file_kind::segment, sequence, segment.digest}));
        CHECK(crypto::sha256({content}) == segment.digest);
    }
}

/// Each segment was durable once or never, and is there or was removed once.
void check_fates(const fates& seen, const segment_store& store) {
    std::map<std::string, int> there;
    for (const auto& [sequence, segment] : store.index().all()) {
        ++there[crypto::to_text(segment.digest)];
    }
    for (const sealed_segment& one : segments()) {
        const std::string digest = crypto::to_text(one.digest);
        const auto count = [&digest](const auto& of) {
            const auto at = of.find(digest);
            return at == of.end() ? 0 : at->second;
        };
        CHECK(count(seen.durable) <= 1);
        CHECK(count(there) + count(seen.removed) == 1);
        CHECK(count(there) <= count(seen.durable));
    }
}

std::uint64_t calls_of_a_run() {
    memory_files files;
    fates seen;
    auto store = segment_store::open(files, "spool", small_limits(), 0);
    REQUIRE(store);
    run(**store, seen, true);
    check_fates(seen, **store);
    check_folder(files, **store);
    CHECK(seen.durable.size() == segments().size());
    return files.calls;
}

} // namespace

TEST_CASE(
    "delivery/store: whichever operation fails, no segment is lost or doubled, and it recovers") {
    const std::uint64_t calls = calls_of_a_run();
    CHECK(calls > 150);
    for (const std::uint64_t count : {1U, 2U, 5U, 40U}) {
        for (const file_error error : {file_error::no_space, file_error::failed}) {
            for (std::uint64_t at = 0; at < calls; ++at) {
                CAPTURE(at);
                CAPTURE(count);
                memory_files files;
                files.fail_at = at;
                files.fail_count = count;
                files.fail_with = error;
                files.partial = at % 2 == 1;
                fates seen;
                auto store = segment_store::open(files, "spool", small_limits(), 0);
                if (!store) { // the folder could not be used: said so, and the next start does
                    files.fail_at.reset();
                    store = segment_store::open(files, "spool", small_limits(), 0);
                }
                REQUIRE(store);
                run(**store, seen, true);
                CHECK(!(*store)->has_waiting());
                check_fates(seen, **store);
                check_folder(files, **store);
                const auto before = (*store)->index().all();
                store->reset();
                files.fail_at.reset();
                auto again = segment_store::open(files, "spool", small_limits(), 0);
                REQUIRE(again);
                CHECK((*again)->index().all() == before);
                CHECK((*again)->numbers().bad_manifest.value() == 0);
            }
        }
    }
}

TEST_CASE("delivery/store: wherever the power is cut, what was announced is there, once") {
    const std::uint64_t calls = calls_of_a_run();
    base::random_source random(7);
    for (std::uint64_t at = 0; at < calls; ++at) {
        for (int variant = 0; variant < 8; ++variant) {
            CAPTURE(at);
            CAPTURE(variant);
            memory_files files;
            files.fail_at = at;
            files.fail_count = ~std::uint64_t{0} / 2;
            files.partial = true;
            fates seen;
            {
                auto store = segment_store::open(files, "spool", small_limits(), 0);
                if (store) {
                    // What fails for ever does not tell of what was removed meanwhile.
                    run(**store, seen, false);
                }
            }
            if (variant % 2 == 0) {
                files.cut_power(random);
            } else {
                files.revive();
            }
            auto store = segment_store::open(files, "spool", small_limits(), 0);
            REQUIRE(store);
            check_folder(files, **store);
            std::map<std::string, int> there;
            for (const auto& [sequence, segment] : (*store)->index().all()) {
                ++there[crypto::to_text(segment.digest)];
            }
            for (const auto& [digest, times] : seen.durable) {
                CHECK(times == 1);
                if (!seen.removed.contains(digest)) {
                    CHECK(there[digest] == 1);
                }
            }
            CHECK((*store)
                      ->numbers()
                      .removed_segments[static_cast<std::size_t>(removal::missing)]
                      .value() == 0);
            CHECK((*store)
                      ->numbers()
                      .removed_segments[static_cast<std::size_t>(removal::damaged)]
                      .value() == 0);
            (*store)->put(segment_of(99));
            (*store)->poll(second);
            CHECK((*store)->index().all().size() > 0);
        }
    }
}
