# meshlog.  Everything that is built lands under $(B).
#   make            the tools            make check    all tests
#   make install    DESTDIR= PREFIX=     make san      tests under ASan and UBSan
#   make bench      figures              make lint     manual pages, scripts, headers
B          ?= build
PREFIX     ?= /usr/local
CFLAGS     ?= -O2 -g
WARN       ?= -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wmissing-prototypes
HARDEN     ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDFLAGS    ?= -pie -Wl,-z,relro,-z,now
PKG_CONFIG ?= pkg-config
DEST        = $(DESTDIR)$(PREFIX)
BASE       := -std=c11 -D_DEFAULT_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 \
              -Ilib $(shell $(PKG_CONFIG) --cflags libsodium)
LIBS       := $(shell $(PKG_CONFIG) --libs libsodium) -lm
SAN         = -fsanitize=address,undefined -fno-sanitize-recover=all
TOOLS      := $(patsubst cmd/%.c,$(B)/%,$(wildcard cmd/*.c))
UNITS      := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
HELPERS    := $(patsubst tests/help/%.c,$(B)/help/%,$(wildcard tests/help/*.c))
PAGES      := $(wildcard man/*.[157])
JOBS       ?= 4

all: $(TOOLS)
$(B)/ml-emit: LIBS += $(shell $(PKG_CONFIG) --libs libmagic)
$(B)/ml-%: $(B)/cmd/ml-%.o $(B)/libmeshlog.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/unit/%: $(B)/tests/unit/%.o $(B)/libmeshlog.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/help/%: $(B)/tests/help/%.o $(B)/libmeshlog.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/libmeshlog.a: $(patsubst %.c,$(B)/%.o,$(wildcard lib/*.c))
	rm -f $@ && $(AR) rcs $@ $^
$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE) $(WARN) $(HARDEN) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
clean: ; rm -rf $(B)
.PHONY: all clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
