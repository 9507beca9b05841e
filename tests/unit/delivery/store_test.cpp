// SPDX-License-Identifier: MIT
#include "delivery/spool/store.h"
#include "memory_files.h"
#include "spool_support.h"

#include <cmath>

using namespace landfall;
using namespace landfall::delivery;

namespace {

constexpr std::int64_t second = 1'000'000'000;

std::unique_ptr<segment_store> opened(memory_files& files, const store_limits& limits = {},
                                      std::int64_t now_ns = second) {
    auto store = segment_store::open(files, "spool", limits, now_ns);
    REQUIRE(store);
    return *std::move(store);
}

std::vector<std::uint64_t> sequences(const segment_store& store) {
    std::vector<std::uint64_t> found;
    for (const auto& [sequence, segment] : store.index().all()) {
        found.push_back(sequence);
    }
    return found;
}

std::size_t octets_of_one() {
    return segment_of(1).octets.size();
}

std::uint64_t removed(const segment_store& store, removal reason) {
    return store.numbers().removed_segments[static_cast<std::size_t>(reason)].value();
}

} // namespace

TEST_CASE("delivery/store: a segment is durable once, goes by priority and age, and is removed") {
    memory_files files;
    auto store = opened(files);
    for (std::uint64_t number = 1; number <= 6; ++number) {
        store->put(segment_of(number, number == 4 ? 9 : number == 5 ? 3 : 0));
    }
    CHECK(store->take_events().empty());
    CHECK(!store->take());
    store->poll(2 * second);
    const auto events = store->take_events();
    REQUIRE(events.size() == 6);
    for (std::size_t i = 0; i < events.size(); ++i) {
        CHECK(events[i].segment.sequence == i + 1);
        CHECK(!events[i].removed);
        CHECK(events[i].summary->tenant == "acme");
    }
    std::vector<std::uint64_t> order;
    while (const auto next = store->take()) {
        order.push_back(next->sequence);
        const auto content = store->content(next->sequence);
        REQUIRE(content);
        CHECK(*content == segment_of(next->sequence, next->priority).octets);
    }
    CHECK(order == std::vector<std::uint64_t>{4, 5, 1, 2, 3, 6});
    store->give_back(5);
    CHECK(store->take()->sequence == 5);
    const std::uint64_t all[] = {4, 5, 1, 2, 3, 6, 77};
    store->acknowledge(all);
    CHECK(store->index().all().empty());
    CHECK(store->take_events().size() == 6);
    CHECK(removed(*store, removal::acknowledged) == 6);
    store->poll(3 * second);
    CHECK(store->numbers().octets.value() == 0);
    for (const std::string& path : files.paths()) {
        CHECK(path.find("seg-") == std::string::npos);
    }
}

TEST_CASE("delivery/store: sequence numbers go on after a restart, whatever the clock says") {
    memory_files files;
    {
        auto store = opened(files, {}, 3600 * second);
        store->put(segment_of(1));
        store->put(segment_of(2));
        store->poll(3601 * second);
        store->acknowledge(sequences(*store));
    }
    auto store = opened(files, {}, second); // the clock went back by an hour
    store->put(segment_of(3));
    store->poll(2 * second);
    CHECK(sequences(*store) == std::vector<std::uint64_t>{3});
}

TEST_CASE("delivery/store: a restart finds what was there, and says it only once") {
    memory_files files;
    {
        auto store = opened(files);
        for (std::uint64_t number = 1; number <= 3; ++number) {
            store->put(segment_of(number, static_cast<std::uint8_t>(number)));
        }
        store->poll(2 * second);
        CHECK(store->take_events().size() == 3);
        store->recorded();
    }
    auto store = opened(files);
    CHECK(store->take_events().empty());
    CHECK(sequences(*store) == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(store->take()->sequence == 3);
    CHECK(store->numbers().frames.value() == 3);
}

TEST_CASE("delivery/store: what nobody has recorded is said again, what was recorded is not") {
    memory_files files;
    const auto said = [](segment_store& store) {
        std::string text;
        for (const spool_event& event : store.take_events()) {
            CHECK((event.removed.has_value() || event.summary.has_value()));
            text += std::to_string(event.segment.sequence) +
                    (event.removed ? std::string("-") + name(*event.removed) : "+") + " ";
        }
        return text;
    };
    {
        auto store = opened(files);
        for (std::uint64_t number = 1; number <= 3; ++number) {
            store->put(segment_of(number));
        }
        store->poll(2 * second);
        store->recorded(); // nothing: they were not taken
        CHECK(said(*store) == "1+ 2+ 3+ ");
        store->recorded();
        store->put(segment_of(4));
        store->poll(3 * second);
        CHECK(said(*store) == "4+ ");
        const std::uint64_t second_one = 2;
        store->acknowledge({&second_one, 1});
    }
    files.erase("spool/" + file_name({file_kind::segment, 3, segment_of(3).digest}));
    for (int start = 0; start < 2; ++start) {
        auto store = opened(files);
        CHECK(said(*store) == "4+ 2-acknowledged 3-missing ");
        CHECK(sequences(*store) == std::vector<std::uint64_t>{1, 4});
    }
    {
        auto store = opened(files);
        static_cast<void>(store->take_events());
        store->recorded();
    }
    auto store = opened(files);
    CHECK(said(*store).empty());
    CHECK(sequences(*store) == std::vector<std::uint64_t>{1, 4});
}

TEST_CASE("delivery/store: without its manifest everything is found again") {
    memory_files files;
    {
        auto store = opened(files);
        store->put(segment_of(1, 5));
        store->put(segment_of(2, 6));
        store->poll(2 * second);
    }
    files.erase("spool/manifest");
    auto store = opened(files);
    const auto events = store->take_events();
    REQUIRE(events.size() == 2);
    CHECK(events[1].segment.priority == 6);
    CHECK(events[1].segment.frames == 1);
    CHECK(events[1].summary->gateway == "svalbard-1");
    CHECK(store->take()->sequence == 2);
}

TEST_CASE("delivery/store: a torn segment is kept under its own name, counted, never resumed") {
    memory_files files;
    const auto open = files.create("spool/seg-000000000007.part");
    REQUIRE(files.write(*open, frame_octets(1, 500)));
    REQUIRE(files.create("spool/seg-000000000008.part"));
    for (int start = 0; start < 2; ++start) {
        auto store = opened(files);
        CHECK(store->numbers().torn.value() == (start == 0 ? 1 : 0));
        CHECK(store->numbers().aside.value() == 1);
        CHECK(files.content("spool/seg-000000000007.torn") == frame_octets(1, 500));
        CHECK(store->take().has_value() == (start > 0));
        store->put(segment_of(1));
        store->poll(2 * second);
        CHECK(sequences(*store).back() == 9U + static_cast<unsigned>(start));
    }
}

TEST_CASE("delivery/store: what is damaged, cut or missing is told, and the others go on") {
    memory_files files;
    std::vector<std::string> names;
    {
        auto store = opened(files);
        for (std::uint64_t number = 1; number <= 4; ++number) {
            store->put(segment_of(number));
        }
        store->poll(2 * second);
        CHECK(store->take_events().size() == 4);
        store->recorded();
        for (const auto& [sequence, segment] : store->index().all()) {
            names.push_back("spool/" + file_name({file_kind::segment, sequence, segment.digest}));
        }
    }
    files.content(names[0])[700] ^= 1U;
    files.content(names[1]).pop_back();
    files.erase(names[2]);
    auto store = opened(files);
    CHECK(removed(*store, removal::damaged) == 1); // the one that was cut, by its length
    CHECK(removed(*store, removal::missing) == 1);
    const auto first = store->take();
    REQUIRE(first);
    CHECK(first->sequence == 1);
    CHECK(store->content(1).error() == removal::damaged);
    const auto last = store->take();
    REQUIRE(last);
    CHECK(last->sequence == 4);
    CHECK(store->content(4).has_value());
    store->poll(3 * second);
    CHECK(store->numbers().aside.value() == 2);
    CHECK(store->take_events().size() == 3);
    files.erase(names[3]);
    CHECK(store->content(4).error() == removal::missing);
    CHECK(store->index().all().empty());
}

TEST_CASE("delivery/store: when it is full, the policy says what goes") {
    const std::uint64_t one = octets_of_one();
    struct {
        full_policy policy;
        std::vector<std::uint64_t> left;
        removal reason;
    } const cases[] = {
        {full_policy::oldest_first, {3, 4, 5}, removal::oldest},
        {full_policy::lowest_priority_first, {1, 4, 5}, removal::lowest_priority},
        {full_policy::refuse_new, {1, 2, 3}, removal::refused},
    };
    for (const auto& [policy, left, reason] : cases) {
        memory_files files;
        auto store = opened(files, {.most_octets = 3 * one + one / 2, .when_full = policy});
        const std::uint8_t priorities[] = {5, 1, 1, 7, 5};
        for (std::uint64_t number = 1; number <= 5; ++number) {
            store->put(segment_of(number, priorities[number - 1]));
            store->poll(static_cast<std::int64_t>(number + 1) * second);
        }
        CHECK(sequences(*store) == left);
        CHECK(removed(*store, reason) == 2);
        CHECK(store->numbers().octets.value() <= 3 * one + one / 2);
        const auto events = store->take_events();
        CHECK(std::ranges::count_if(events, [&](const spool_event& event) {
                  return event.removed == reason && event.summary.has_value();
              }) == 2);
    }
}

TEST_CASE("delivery/store: the least important that comes is refused by more important ones") {
    memory_files files;
    const std::uint64_t one = octets_of_one();
    auto store = opened(
        files, {.most_octets = 2 * one + one / 2, .when_full = full_policy::lowest_priority_first});
    for (std::uint64_t number = 1; number <= 3; ++number) {
        store->put(segment_of(number, number == 3 ? 1 : 5));
    }
    store->poll(2 * second);
    CHECK(sequences(*store) == std::vector<std::uint64_t>{1, 2});
    CHECK(removed(*store, removal::refused) == 1);
}

TEST_CASE("delivery/store: what is being published does not make room") {
    memory_files files;
    const std::uint64_t one = octets_of_one();
    auto store = opened(files, {.most_octets = 2 * one + one / 2});
    store->put(segment_of(1));
    store->put(segment_of(2));
    store->poll(2 * second);
    CHECK(store->take()->sequence == 1);
    store->put(segment_of(3));
    store->poll(3 * second);
    CHECK(sequences(*store) == std::vector<std::uint64_t>{1, 3});
}

TEST_CASE("delivery/store: age counts while the gateway runs") {
    memory_files files;
    {
        auto store = opened(files, {.most_age_s = 100}, 10 * second);
        store->put(segment_of(1));
        store->poll(20 * second);
        store->put(segment_of(2));
        store->poll(80 * second);
        CHECK(sequences(*store).size() == 2);
    }
    auto store = opened(files, {.most_age_s = 100}, 5000 * second);
    store->poll(5001 * second);
    CHECK(sequences(*store).size() == 2);
    store->poll(5040 * second);
    CHECK(sequences(*store) == std::vector<std::uint64_t>{2});
    CHECK(removed(*store, removal::expired) == 1);
    store->poll(5200 * second);
    CHECK(sequences(*store).empty());
}

TEST_CASE("delivery/store: others fill the disk, and it goes on by itself when there is space") {
    for (const full_policy policy :
         {full_policy::oldest_first, full_policy::lowest_priority_first, full_policy::refuse_new}) {
        memory_files files;
        files.capacity = 1'000'000;
        auto store = opened(files, {.when_full = policy, .reserve_octets = 100'000});
        std::uint64_t number = 0;
        std::int64_t now = second;
        const auto put = [&](int count) {
            for (int i = 0; i < count; ++i) {
                store->put(segment_of(++number, 0, 2000));
                store->poll(now += second / 2);
            }
        };
        put(20);
        CHECK(sequences(*store).size() == 20);
        files.foreign = 930'000; // the reserve is not there any more
        put(5);
        // No more goes than about twice what comes.
        CHECK(sequences(*store).size() >= (policy == full_policy::refuse_new ? 20 : 5));
        files.foreign = 1'000'000; // nothing at all can be written
        put(100);
        files.foreign = 0;
        const std::size_t before = sequences(*store).size();
        put(20);
        CHECK(sequences(*store).size() == before + 20);
        CHECK(!store->has_waiting());
        std::uint64_t fates = sequences(*store).size();
        for (const auto& reason : store->numbers().removed_segments) {
            fates += reason.value();
        }
        CHECK(fates == number);
    }
}

TEST_CASE("delivery/store: seconds to full follow from what comes") {
    memory_files files;
    const std::uint64_t one = octets_of_one();
    auto store = opened(files, {.most_octets = 1000 * one});
    CHECK(std::isinf(store->numbers().seconds_to_full.value()));
    for (std::uint64_t number = 1; number <= 300; ++number) {
        store->put(segment_of(number));
        store->poll(static_cast<std::int64_t>(1 + number) * second);
    }
    const double seconds = store->numbers().seconds_to_full.value();
    CHECK(seconds > 690);
    CHECK(seconds < 730);
    for (std::int64_t now = 302; now < 1200; ++now) {
        store->poll(now * second);
    }
    CHECK(std::isinf(store->numbers().seconds_to_full.value()));
}

TEST_CASE("delivery/store: what waits in memory is bounded while the disk takes nothing") {
    memory_files files;
    auto store = opened(files);
    files.fail_at = files.calls;
    files.fail_count = ~std::uint64_t{0} / 2;
    for (std::uint64_t number = 1; number <= 50; ++number) {
        store->put(segment_of(number));
        store->poll(static_cast<std::int64_t>(1 + number) * second);
    }
    CHECK(removed(*store, removal::unwritten) == 50 - most_waiting_segments);
    files.fail_at.reset();
    store->poll(100 * second);
    CHECK(sequences(*store).size() == most_waiting_segments);
    CHECK(store->content(sequences(*store).front()).has_value());
}

TEST_CASE("delivery/store: a long manifest is written anew") {
    memory_files files;
    auto store = opened(files);
    for (std::uint64_t number = 1; number <= 3000; ++number) {
        store->put(segment_of(number % 5));
        store->poll(static_cast<std::int64_t>(number) * second);
        const std::uint64_t sequence = store->take()->sequence;
        store->acknowledge({&sequence, 1});
    }
    CHECK(files.content("spool/manifest").size() < 500'000);
    CHECK(opened(files)->index().all().empty());
}
