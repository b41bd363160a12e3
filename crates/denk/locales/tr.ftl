# denk'in Türkçe metinleri. Aynı anahtarlar ve değişkenler en.ftl içinde de vardır; bir test ikisini karşılaştırır.
# Sayı olarak verilen sayıları program gruplar.

verbatim = { $words }
list-two = { $first }, { $rest }

## Hatalar

failure-error = hata
failure-why = neden
failure-hint = ipucu
defect-what = denk'in kendi içinde bir hata oluştu
defect-hint = lütfen yazdığınız komutla birlikte bildirin; yarım kalmış bir işlem yok

## Yerler

origin-default = varsayılan
origin-file = { $file }:{ $line }
origin-env = ortam değişkeni { $name }
origin-flag = seçenek { $flag }

## Yapılandırma

config-what = yapılandırma kullanılamıyor
config-missing-why = { $file } dosyası yok
config-missing-hint = -c ile verdiğiniz yolu denetleyin ya da `denk init` ile yeni bir dosya oluşturun
config-read-why = { $file } okunamıyor: { $reason }
config-read-hint = dosyanın var olduğunu ve okuma yetkiniz olduğunu denetleyin
config-not-utf8 = { $file } UTF-8 metin değil
config-utf8-hint = dosyayı düzenleyicinizde UTF-8 olarak kaydedin
config-not-toml = { $place }: { $reason }
config-toml-duplicate = bu ayar ya da bölüm iki kez yazılmış
config-toml-assignment = burada `ad = değer` bekleniyor
config-toml-unclosed = bir tırnak ya da köşeli ayraç açık kalmış
config-toml-value = değer okunamıyor; metinler tırnak içinde yazılır
config-toml-more = değer bundan önce bitiyor; her ayar kendi satırında yazılır
config-toml-other = burası TOML olarak okunamıyor
config-toml-hint = satırı düzeltin; metinler tırnak içinde yazılır, `denk init` örnek bir dosya oluşturur
config-unknown-key = { $place }: `{ $name }` diye bir ayar yok
config-nearest-hint = `{ $name }` mi demek istediniz?
config-known-hint = burada bilinenler: { $names }
config-wrong-value = { $place }: `{ $name }` ayarının değeri kullanılamıyor
config-half-certificate = { $place }: `hub.{ $given }` var, `hub.{ $lacks }` yok
config-half-certificate-hint = iki dosyayı da verin ya da hiçbirini: o zaman merkez kendi sertifikasını yapar
config-flows-both = { $place }: hem `flows.preset` hem `flows.folder` verilmiş
config-flows-both-hint = birini bırakın: denk ile gelen bir hazır küme ya da kendi akış dosyalarınızın klasörü
config-flows-what = yapılandırmada akış yok
config-flows-missing = { $file } içinde [flows] bölümü yok
config-flows-no-file = { $folder } klasöründe denk.toml yok
config-flows-hint = [flows] altına `preset = "mikro"` yazın ya da `denk init` ile başlayın

value-section = bölüm olarak yazın: köşeli ayraç içinde adı, altında ayarları
value-number = 64 bite sığan bir sayı yazın
value-text = tırnak içinde bir metin yazın
value-language = "tr" ya da "en" yazın
value-zone = bir saat diliminin adını yazın, örneğin "Europe/Istanbul"
value-log-level = "error", "warn", "info", "debug", "trace" ya da "off" yazın
value-log-format = "text" ya da "json" yazın
config-logo-why = `hub.logo`: { $file } kullanılamıyor: { $reason }
value-logo = en çok 4 MB, eni ve boyu en çok 4.096 nokta olan bir PNG resmi yazın
value-public-url = ofislerin merkeze ulaştığı adresi yazın, örneğin "https://merkez.example.com" veya "https://10.0.0.5:8787"
value-listen = bir adres ve kapı yazın, örneğin "0.0.0.0:8787"
value-proxies = adres ya da ağları aralarına virgül koyarak yazın, örneğin "10.0.0.0/8, 192.168.1.5"; "private" özel ağlar, "cloudflare" onun ağlarıdır
value-upload-mb = 1 ile 1024 arasında bir tam sayı (megabayt) yazın
value-every = bir sayı ve birim yazın: "90s" (saniye), "30m" (dakika), "6h" (saat), "1d" (gün); ya da "never" (hiçbir zaman)
value-duration = bir sayı ve birim yazın: "90s" (saniye), "30m" (dakika), "6h" (saat), "1d" (gün)
value-keep = 1 ile 10.000 arasında bir tam sayı yazın
value-copy-to = bir klasör ya da sunucudaki klasörü "sftp://kullanıcı@makine/klasör" olarak yazın (kapı numarası makineden sonra; "/~/klasör" kullanıcının kendi klasöründedir); parolanın ayrı ayarı var: copy_password
value-host-key = sunucunun anahtarının parmak izini `ssh-keygen -l` gibi yazın: "SHA256:" ve 43 karakter
value-bool = true ya da false yazın
value-batch-rows = 1 ile 1.000.000 arasında bir tam sayı yazın
value-retries = 1 ile 1.000 arasında bir tam sayı yazın
value-database = tırnak içinde bir adres, {"{"} env = "AD" {"}"}, {"{"} file = "YOL" {"}"} ya da {"{"} url = ..., password = ... {"}"} yazın

secret-what = { $place }: `{ $name }` ayarının değeri bulunamadı
secret-env-missing = { $name } ortam değişkeni tanımlı değil
secret-file-missing = { $file } okunamıyor: { $reason }
secret-hint = değişkeni tanımlayın (ya da denk.toml'un yanındaki .env dosyasına yazın) veya dosyanın yolunu düzeltin

address-why = { $place }: `{ $name }` adresi kullanılamıyor: { $reason }
address-scheme = sqlite:, postgres:// ya da mssql:// ile başlamıyor
address-unescaped = parolanın bir karakteri %40 (@), %2F (/), %3F (?) ya da %23 (#) olarak yazılmalı
address-url = geçerli bir adres değil ({ $reason })
address-no-database = sunucudan sonra veritabanı adı yok
address-no-file = sqlite: sonrasında dosya adı yok
address-missing = { $place }: `{ $name }` veritabanının adresi (`url`) yok
address-hint = sqlite:DOSYA, postgres://kullanıcı@sunucu:5432/ad ya da mssql://kullanıcı@sunucu:1433/ad yazın; paroladaki @ / # gibi işaretler %40 %2F %23 olarak yazılır ya da parola ayrı verilir: {"{"} url = "...", password = {"{"} env = "AD" {"}"} {"}"}

database-not-configured = yapılandırmada `{ $name }` veritabanı yok
databases-are = tanımlı olanlar: { $names }
databases-none = { $file } içinde veritabanı tanımlı değil
databases-no-file = { $folder } klasöründe denk.toml yok
database-not-configured-hint = [databases] altına `{ $name } = "ADRES"` yazın ya da DENK__DATABASES__AD değişkenini tanımlayın

## Veritabanları

database-named = `{ $name }` veritabanı ({ $address })
database-at = { $address } veritabanı
database-some = veritabanı
database-table = tablo { $table }
database-column = sütun { $column }
database-key = anahtar { $key }

database-what-connection = { $place }: bağlanılamıyor
database-what-authentication = { $place }: giriş reddedildi
database-what-permission = { $place }: kullanıcının buna yetkisi yok
database-what-busy = { $place }: başkası tarafından kilitlenmiş
database-what-constraint = { $place }: bir satır reddedildi
database-what-conversion = { $place }: bir değer sığmıyor
database-what-missing = { $place }: gereken bir şey bulunamadı
database-what-schema = { $place }: bir tablo beklendiği gibi değil
database-what-full = { $place }: yer kalmadı
database-what-corrupt = { $place }: bozuk ya da veritabanı değil
database-what-unsupported = { $place }: bu işlem desteklenmiyor
database-what-timeout = { $place }: zamanında yanıt gelmedi
database-what-internal = { $place }: denk'in beklemediği bir yanıt geldi

database-hint-connection = { $engine ->
    [sqlite] klasörün var olduğunu ve sürücünün bağlı olduğunu denetleyin
    [postgres] sunucu çalışıyor mu, adres ve port (genellikle 5432) doğru mu, güvenlik duvarı ve pg_hba.conf bu bilgisayara izin veriyor mu?
    [mssql] sunucu çalışıyor ve TCP/IP açık mı (SQL Server Configuration Manager), adres ve port (genellikle 1433) doğru mu, güvenlik duvarı bu bilgisayara izin veriyor mu?
   *[any] sunucu çalışıyor mu, adres ve port doğru mu?
}
database-hint-authentication = { $engine ->
    [mssql] kullanıcı adını ve parolayı denetleyin; karma kimlik doğrulama (mixed mode) açık olmalı, "parola değiştirilmeli" ile açılan girişler çalışmaz
    [postgres] kullanıcı adını ve parolayı, pg_hba.conf'un bu kullanıcıya parolayla giriş izni verdiğini denetleyin
   *[any] kullanıcı adını ve parolayı denetleyin
}
database-hint-permission = { $engine ->
    [sqlite] denk'i çalıştıran kullanıcıya dosyayı ve klasörünü okuma ve yazma izni verin
    [postgres] eksik yetkiyi tablo sahibine verdirin (GRANT ... ON ... TO kullanıcı)
    [mssql] kullanıcıyı db_datareader ve db_datawriter rollerine ekleyin; tablo ya da tetikleyici oluşturmak için db_ddladmin gerekir
   *[any] kullanıcıya eksik yetkiyi verin
}
database-hint-busy = { $engine ->
    [sqlite] dosyayı açık tutan diğer programı kapatın ya da işinin bitmesini bekleyip yeniden deneyin
   *[any] diğer işin bitmesini bekleyip yeniden deneyin; kilidi uzun süre açık kalan bir işlem tutuyor olabilir
}
database-hint-constraint = satırı kaynakta düzeltin ya da hedef tablodaki kuralı gevşetin ve yeniden çalıştırın
database-hint-conversion = değeri kaynakta düzeltin ya da hedef sütuna bu değeri tutabilen bir tür verin
database-hint-missing = { $engine ->
    [sqlite] dosyanın yolunu ve adını, tablo ve sütun adlarını denetleyin
   *[any] veritabanı, şema, tablo ve sütun adlarını denetleyin; büyük ve küçük harf fark edebilir
}
database-hint-schema = tabloyu akışın beklediğiyle karşılaştırın: `denk check` farkları listeler
database-hint-full = diskte yer açın (ya da veritabanının sınırını yükseltin) ve yeniden çalıştırın; yarım kalmış bir işlem yok
database-hint-corrupt = { $engine ->
    [sqlite] yolun bir SQLite dosyasını gösterdiğini ve dosyanın tam kopyalandığını denetleyin; bozuk dosya yedekten geri yüklenir
   *[any] sunucu yöneticisine veritabanını denetletin; bozuksa yedekten geri yükleyin
}
database-hint-unsupported = { $engine ->
    [postgres] denk için PostgreSQL 13 ya da daha yenisi gerekir
    [mssql] denk için SQL Server 2012 ya da daha yenisi gerekir
   *[any] veritabanının sürümü bunu bilmiyor; güncelleyin ya da başka bir tür veya seçenek kullanın
}
database-hint-timeout = { $engine ->
    [sqlite] dosya yavaş bir ağ sürücüsünde mi? Bu bilgisayara kopyalayın ya da yoğunluk azalınca yeniden deneyin
   *[any] sunucunun yoğunluğu azalınca yeniden deneyin; sürerse yöneticisine neyin engellediğini sorun
}
database-hint-internal = yeniden deneyin; tekrarlarsa lütfen yukarıdaki satırlarla birlikte bildirin

## Kullanım

usage-what = komut satırı anlaşılamadı
usage-unknown-command = `{ $name }` diye bir komut yok
usage-unknown-option = burada `{ $name }` diye bir seçenek yok
usage-missing = eksik: { $name }
usage-no-command = komut eksik
usage-no-value = `{ $name }` bir değer ister
usage-wrong-value = `{ $name }` için `{ $value }` verilemez
usage-conflict = `{ $name }` ile `{ $other }` birlikte verilemez
usage-twice = `{ $name }` yalnızca bir kez verilebilir
usage-nearest-hint = `{ $name }` mi demek istediniz?
usage-values-hint = olabilecekler: { $values }
usage-help-hint = `denk --help` komutları listeler, `denk KOMUT --help` birini açıklar

## denk config show

show-setting = ayar
show-value = değer
show-origin = nereden
show-missing = (bulunamadı)
show-through-file = { $file } dosyası
show-through-env = ortam değişkeni { $name }
show-through-variable = { $place } içindeki { $name }
show-unused = not: { $name } ({ $place }) kullanılmıyor: { $why }

## denk init

init-what = yapılandırma yazılmadı
init-env-hint = --from-env ile verdiğiniz yolu denetleyin
init-exists = { $file } zaten var
init-exists-hint = olduğu gibi bırakın, -c ile başka bir dosya adı verin ya da --force ile üzerine yazın
init-unwritable = { $file } yazılamıyor: { $reason }
init-unwritable-hint = klasörün var olduğunu, yazma yetkiniz olduğunu ve diskin dolu olmadığını denetleyin
init-written = yazıldı:  { $file }
init-taken = alındı:   { $name } -> { $setting }
init-ignored = alınmadı: { $name }: { $why }
init-secrets = not: gizli bilgiler ({ $names }) { $file } içinde kaldı; denk bunları ortamdan ya da { $beside } dosyasından okur: dosyayı oraya kopyalayın ya da değişkenleri tanımlayın
init-next = sırada: dosyayı gözden geçirin, sonra `denk config show --origin`

draft-top =
    denk yapılandırması. Başına `#` konan satır geçersizdir.
    Her değer ortamdan da gelebilir: DENK__BÖLÜM__ANAHTAR, örneğin DENK__DATABASES__WEB.
    Gizli bilgiler: {"{"} env = "AD" {"}"} (ortamdan ya da bu dosyanın yanındaki .env dosyasından) veya {"{"} file = "YOL" {"}"}.
    `denk config show --origin` geçerli değerleri ve nereden geldiklerini gösterir.
draft-databases =
    Veritabanlarının yeri: sqlite:DOSYA, postgres://kullanıcı@sunucu:port/ad ya da mssql://kullanıcı@sunucu:port/ad.
    Adlar serbesttir; "mikro" hazır kümesinin akışları erp, web ve entegra adlarını bekler.
draft-flows =
    Hangi akışlar var: denk ile gelen bir hazır küme ya da folder = "mappings/" ile kendi dosyalarınız.

## Eski programların adları

old-pool = denk gereken bağlantıları kendisi açar
old-windows-login = Windows hesabıyla giriş desteklenmiyor; bir SQL girişi açıp MSSQL_USER ve MSSQL_PASSWORD verin
old-not-understood = değeri kullanılamıyor
old-no-hours = STOCK_XML_HOURS tanımlı değil
old-hours-off = STOCK_XML_SCHEDULED "true" değil
old-incomplete = { $names } de tanımlı olmalı
old-instance = örnek (instance) adı gerekmez: port belirler
old-unknown = denk böyle bir ad bilmiyor

## Günlükler

log-unwritable = not: { $folder } içindeki günlük yazılamıyor: { $reason }

## Yardım

help-usage = Kullanım
help-commands = Komutlar
help-command = KOMUT
help-arguments = Değerler
help-options = Seçenekler
help-options-word = SEÇENEKLER
help-general = Genel seçenekler

command-denk = Bir işletmenin veritabanlarını denk tutar
command-copy = Bir veritabanının tablolarını diğerininkilere eşitler
command-run = Akışları ya da akış gruplarını bir kez çalıştırır
command-check = Tanımlı her veritabanını açar; neyin yolunda olduğunu, ne yapılacağını söyler
command-verify = Bir akışın ya da grubun kaynağını ve hedefini satır satır karşılaştırır
command-preset = denk ile gelen akış dosyaları
command-preset-list = Hazır kümeleri listeler
command-preset-show = Bir hazır kümenin içindekileri gösterir
command-preset-copy = Bir hazır kümenin dosyalarını değiştirebilmeniz için bir klasöre kopyalar
command-config = Yapılandırma
command-config-show = Gizli bilgiler dışında her ayarı gösterir
command-init = denk.toml dosyasını yazar
command-serve = Merkezi (hub) durdurulana kadar çalıştırır
command-agent = Bir büronun dosyasını merkezle eşit tutar: değişenler gider, başkalarının değiştirdikleri gelir
command-service = Ajanı ya da merkezi sistemin hizmeti yapar: bilgisayarla birlikte başlar
command-service-install = Hizmeti kurar ve başlatır
command-service-remove = Hizmeti durdurur ve kaldırır
command-service-run = Windows'un hizmet yöneticisinin başlattığı komut
command-site = Dosya gönderip alabilen şube bilgisayarları
command-site-add = Bir şube bilgisayarı ekler ve anahtarını bir kez gösterir
command-site-list = Şube bilgisayarlarını listeler
command-site-revoke = Bir şube bilgisayarının hakkını kaldırır
command-site-rename = Bir şube bilgisayarına başka bir ad verir
command-import = Herhangi bir eski biçimdeki şube dosyalarını merkeze aktarır
command-compare = İki şube dosyası arasında farklı olan satırları söyler
command-held = Bir kerede çok şey silen, değiştiren ya da başka bölgeden getiren şube dosyaları
command-held-list = Karar bekleyenleri listeler
command-held-approve = Bir dosyanın geçmesine izin verir
command-held-reject = Bir dosyadaki değişiklikleri geri çevirir: bilgisayar bir sonraki indirmede merkezdeki satırları alır
command-backup = Merkez deposunun yedekleri: merkez çalışırken alınır, dururken geri yüklenir
command-backup-create = Şimdi bir yedek alır
command-backup-list = Yedekleri listeler; her biri baştan sona denetlenir
command-backup-restore = Bir yedeği geri yükler; önceki depo yedek olarak saklanır
command-backup-drill = En yeni yedeği geçici bir yere geri yükler ve çalıştığını kanıtlar
command-conflicts = İki kişinin değiştirdiği, birinin geçersiz kaldığı değerler
command-conflicts-list = Henüz kimsenin karar vermediklerini listeler
command-conflicts-show = Birini bütünüyle gösterir
command-conflicts-take = Karar verir: iki değerden hangisi geçerli olsun
command-user = Panoya girebilen kişiler
command-user-add = Bir kişi ekler ve tek kullanımlık parolasını gösterir
command-user-list = Kişileri listeler
command-user-passwd = Bir kişiye yeni bir tek kullanımlık parola verir, oturumlarını kapatır
command-user-disable = Bir kişinin girişini kapatır
command-user-enable = Bir kişinin girişini yeniden açar
command-user-logout = Bir kişinin oturumlarını kapatır
command-user-import = Eski bir şube dosyasının hesaplarını, bir kez geçen parolalarıyla alır
command-demo = Her şeyi bu bilgisayarda uydurma verilerle gösterir

option-lang = Metinlerin dili: tr ya da en
option-json = Tek bir JSON nesnesiyle yanıtlar
option-config = Yapılandırma dosyası [verilmezse: bulunulan klasördeki denk.toml]
option-config-value = DOSYA
option-data = Veri klasörü [verilmezse: data]
option-data-value = KLASÖR
option-verbose = Günlüğü ekranda gösterir; -vv daha fazlasını gösterir
option-quiet = Notları ve ilerlemeyi göstermez
option-log-level = Ne kadar günlük tutulacağı: error, warn, info, debug ya da trace
option-log-level-value = DÜZEY
option-log-format-value = BİÇİM
option-log-format = Günlük dosyalarının biçimi: text ya da json
option-help = Bu yardımı gösterir
option-version = Sürümü gösterir

option-copy-source = Satırların geldiği yer: sqlite:DOSYA, postgres://... ya da mssql://...
option-copy-source-value = KAYNAK
option-copy-target = Satırların gittiği yer: sqlite:DOSYA, postgres://... ya da mssql://...
option-copy-target-value = HEDEF
option-copy-table = Yalnızca bu tablo; birkaç kez verilebilir
option-copy-table-value = TABLO
option-copy-without = Bu tabloyu dışarıda bırakır; birkaç kez verilebilir
option-copy-without-value = TABLO
option-copy-key = Satırları birbirinden ayıran sütunlar, virgülle: bir görünüm ya da anahtarsız bir tablo için
option-copy-key-value = SÜTUN
option-copy-name = Tek tablonun hedefteki adı
option-copy-name-value = AD
option-copy-keep-deleted = Kaynakta olmayan satırlar hedefte kalır
option-copy-dry-run = Ne yapılacağını gösterir, hiçbir şey yazmaz
option-run-name = Akış ya da grup: entegra, erp-to-web, ...
option-run-name-value = AD
option-run-full = Yalnızca değişmiş olabilecekleri değil, her şeyi karşılaştırır
option-run-dry-run = Ne yapılacağını gösterir, hiçbir şey yazmaz
option-run-only = Grupların yalnızca bu akışları, virgülle ayrılır
option-run-only-value = AKIŞ
option-serve-listen = Yapılandırmadaki yerine dinlenecek adres ve kapı
option-serve-listen-value = ADRES
option-serve-allow-temporary = Makineyle birlikte kaybolan bir depoda veri klasörüne izin verir
option-agent-db = Büro programının dosyası
option-agent-db-value = DOSYA
option-agent-hub = `denk site add` komutunun yazdığı kayıt satırı ya da merkezin adresi
option-agent-hub-value = SATIR
option-agent-token = Yalnızca adres verildiyse token
option-agent-token-value = TOKEN
option-agent-listen = Yerel sayfanın adresi (127.0.0.1:8788); her zaman bu bilgisayarda
option-agent-listen-value = ADRES
option-agent-once = Bir kez tam eşitler ve biter
option-agent-page = Yalnızca çalışan ajanın sayfasının bağlantısını gösterir
option-agent-remove = Son bir kez eşitler, sonra denk'in dosyaya koyduğu her şeyi çıkarır
option-agent-go-without = Dosyanın temelli yitirdiği bir tablo ya da sütun olmadan devam eder, bir kez; merkezde olan orada kalır
option-agent-force = --remove ile: merkeze sorulamadığında da
option-service-install-what = agent ya da hub [verilmezse: agent]
option-service-install-what-value = agent|hub
option-service-install-user = Hizmeti çalıştıran kullanıcı [verilmezse: ayarların ya da verinin sahibi; Windows'ta: sistemin kendisi]
option-service-install-user-value = AD
option-service-install-print = Yalnızca kurulacak olanı gösterir
option-service-remove-what = agent ya da hub [verilmezse: agent]
option-service-remove-what-value = agent|hub
option-service-run-what = agent ya da hub
option-service-run-what-value = agent|hub
option-service-run-folder = Çalışma klasörü
option-service-run-folder-value = KLASÖR
option-site-add-name = Şube bilgisayarının adı
option-site-add-name-value = AD
option-site-add-region = Satırlarını görüp yazacağı bölge; merkez için *
option-site-add-region-value = BÖLGE
option-site-revoke-name = Şube bilgisayarının adı
option-site-revoke-name-value = AD
option-site-rename-name = Şube bilgisayarının adı
option-site-rename-name-value = AD
option-site-rename-to = Yeni adı
option-site-rename-to-value = YENİ
option-import-files = Şube dosyaları (puantaj.db ve eskileri)
option-import-files-value = DOSYA
option-import-region = Dosyalar hangi bölgenin: bölge yazmayan satırlar onu alır; * bütün satırları olduğu gibi alır [verilmezse: her satır bölgesini yazıyorsa * gibi]
option-import-region-value = BÖLGE
option-import-dry-run = Ne yapılacağını gösterir, hiçbir şey yazmaz
option-compare-first = Bir şube dosyası
option-compare-first-value = DOSYA1
option-compare-second = Bir başkası
option-compare-second-value = DOSYA2
option-held-approve-id = `denk held list` çıktısındaki numarası
option-held-approve-id-value = NO
option-held-reject-id = `denk held list` çıktısındaki numarası
option-held-reject-id-value = NO
option-backup-restore-id = `denk backup list` çıktısındaki adı
option-backup-restore-id-value = AD
option-backup-restore-to = Merkezin kendi klasörü yerine yeni bir veri klasörüne
option-backup-restore-to-value = KLASÖR
option-backup-restore-at = --to ile: yalnızca iş tabloları, bu andaki halleriyle ("2026-01-24 13:05"); bakıp bulmak içindir
option-backup-restore-at-value = ZAMAN
option-backup-restore-yes = Merkezin deposu değiştirilir
option-backup-drill-copy = Öteki makinedeki en yenisi (hub.backup.copy_to): bu makine kaybedilmiş gibi oradan getirilir
option-conflicts-show-id = `denk conflicts list` çıktısındaki numarası
option-conflicts-show-id-value = NO
option-conflicts-take-id = `denk conflicts list` çıktısındaki numarası
option-conflicts-take-id-value = NO
option-conflicts-take-side = local: merkezde önce bulunan değer; incoming: sonradan gelen
option-user-add-name = Giriş adı
option-user-add-name-value = AD
option-user-add-role = admin (yönetici), manager (müdür), viewer (izleyici) ya da office (şube)
option-user-add-role-value = ROL
option-user-add-region = Kişinin göreceği bölge [verilmezse: hepsi; şube hesabında verilmelidir]
option-user-add-region-value = BÖLGE
option-user-passwd-name = Kişinin adı
option-user-passwd-name-value = AD
option-user-disable-name = Kişinin adı
option-user-disable-name-value = AD
option-user-enable-name = Kişinin adı
option-user-enable-name-value = AD
option-user-logout-name = Kişinin adı
option-user-logout-name-value = AD
option-user-import-file = Eski dosya
option-user-import-file-value = DOSYA
option-demo-listen = Dinlenecek adres ve port [verilmezse: 127.0.0.1:8787 ya da sıradaki boş port]
option-demo-listen-value = ADRES
option-verify-name = Akış ya da grup
option-verify-name-value = AD
option-verify-repair = Hedefi kaynağa uydurur
option-verify-limit = Bir akışın en çok kaç farkının listeleneceği [verilmezse: 20]
option-verify-limit-value = N
option-preset-show-name = Hazır kümenin adı
option-preset-show-name-value = AD
option-preset-show-schema = Veritabanlarından birinin tabloları, SQL olarak: erp, web, entegra ya da office
option-preset-show-dialect = Hangi SQL: sqlite, postgres ya da mssql
option-preset-copy-name = Hazır kümenin adı
option-preset-copy-name-value = AD
option-preset-copy-dir = Kopyalanacağı klasör
option-preset-copy-dir-value = KLASÖR
option-config-show-origin = Her değerin nereden geldiğini söyler
option-init-from-env = Eski programların ayarlarını bu .env dosyasından alır
option-init-from-env-value = DOSYA
option-init-entegra = Entegra'nın SQLite dosyası
option-init-entegra-value = DOSYA
option-init-force = Var olan dosyanın üzerine yazar
option-copy-types = Hedefte henüz olmayan bir sütunu bu türle oluşturur; birkaç kez verilebilir
option-copy-types-value = SÜTUN=TÜR
option-run-allow-deletes = Tutulacak silmelere izin verir
option-run-accept-drift = Kaynakta sütun kaybolmuş ya da türü değişmiş olsa da sürdürür

## Akışlar

flow-file-what = { $file }, satır { $line }: bu bir akış dosyası değil
flow-file-nearest = `{ $name }` mi demek istediniz?
flow-file-hint = docs/reference/flow-file.md akış dosyasının bütün sözcüklerini listeler
flow-folder-what = { $folder } klasöründeki akış dosyaları okunamıyor
flow-folder-hint = [flows] altındaki `folder` değerini denetleyin
flow-circle-what = bu akışlar sıraya konamıyor
flow-circle-why = birbirlerini bekliyorlar: { $flows }
flow-circle-hint = akışlardan birinin `after` listesinden bir adı çıkarın
flow-unknown-what = `{ $name }` diye bir akış ya da grup yok
flow-unknown-why = olanlar: { $names }
flow-unknown-nearest = `{ $name }` mi demek istediniz?
flow-unknown-hint = `denk preset show mikro` denk ile gelen akışları listeler
flow-what = `{ $flow }` akışı çalışamıyor
flow-unopened = `{ $database }` veritabanı açılamadı (nedeni başka bir akışta söylendi)
flow-unopened-hint = veritabanını düzeltin, sonra akışı yeniden çalıştırın
flow-fit-hint = akış dosyasını ya da tabloyu düzeltin; `denk check` uymayan her şeyi gösterir
flow-no-table = `{ $database }` veritabanında `{ $table }` tablosu yok
flow-no-source-table-hint = adı ve adresin doğru veritabanına gidip gitmediğini denetleyin
flow-no-table-hint = adı ve veritabanını denetleyin ya da tabloyu denk oluştursun: [target] altına `create = true`
flow-no-column = `{ $table }` tablosunda `{ $column }` sütunu yok (en yakını: { $nearest })
flow-computed = `{ $table }` tablosunun `{ $column }` sütununu veritabanı hesaplar, yazılamaz
flow-no-key = `{ $table }` tablosunda satırları ayırt edecek bir anahtar yok
flow-no-key-hint = akış dosyasında `key` ile bir anahtar belirtin
flow-unfaithful = { $type } türündeki `{ $column }` sütunu olduğu gibi taşınamaz: { $reason }
flow-unfaithful-hint = nasıl tutulacağını söyleyin: `denk copy` için `--type SÜTUN=text` (ya da timestamptz, numeric(18,4), ...), akış dosyasında `type = "text"`; ya da tabloyu dışarıda bırakın: `--without TABLO`
flow-no-type = `{ $word }` diye bir sütun türü yok
flow-no-type-hint = türler: text, varchar(n), smallint, integer, bigint, real, numeric(p,s), boolean, date, time, timestamp, timestamptz, uuid, json, bytes
flow-bad-constant = `{ $column }` için verilen değer sütuna sığmıyor: { $reason }
flow-vanished = `{ $column }` sütunu son çalıştırmadan bu yana kaynaktan (`{ $database }` veritabanı) kaybolmuş
flow-retyped = kaynaktaki (`{ $database }` veritabanı) `{ $column }` sütunu { $before } idi, şimdi { $now }
flow-drift-hint = değişiklik doğruysa ya da bu ad artık başka bir veritabanını gösteriyorsa bir kez `--accept-drift` ile çalıştırın; hedefte hiçbir şey değişmedi
flow-disordered = kaynaktaki satırlar anahtarlarının sırasıyla gelmiyor ({ $key } satırında)
flow-disordered-hint = kaynak dosya bozuk: `pragma integrity_check` ile denetleyip yedekten geri yükleyin; hedefte hiçbir şey değişmedi
flow-key-repeats = hedefte { $key } anahtarlı iki satır var
flow-key-repeats-hint = birini silin ya da akış dosyasında başka bir `key` seçin
flow-case = akış dosyasındaki `{ $test }` testi tutmuyor: `{ $column }` sütunu `{ $wanted }` yerine `{ $got }` oldu
flow-case-hint = eşlemeyi ya da testi düzeltin; hiçbir satır taşınmadı

## Sığmayan satırlar

misfit-not-a = `{ $value }` bir { $wanted } değil
misfit-range = `{ $value }` sütunun sınırları dışında
misfit-precise = `{ $value }` sütunun tuttuğundan çok basamaklı
misfit-long = metin { $length } karakter, sütun { $max } karakter tutuyor
misfit-character = metinde sütunun saklayamadığı bir karakter var ({ $code })
misfit-utf8 = metin geçerli UTF-8 değil
misfit-null = sütun boş (NULL) olamaz
misfit-ambiguous = `{ $value }` yerel saati hiç yaşanmadı ya da iki kez yaşandı
misfit-null-key = bir anahtar sütunu boş (NULL)
misfit-duplicate = aynı anahtara sahip başka bir satır var
misfit-several = `{ $value }` için aramanın birden çok yanıtı var
misfit-refused = hedef satırı reddetti: { $words }
type-json-document = JSON belgesi
type-byte-string = bayt dizisi
type-date-and-time = tarih ve saat
type-date = tarih
type-decimal-number = ondalık sayı
type-number-that-a-float-holds-exactly = sütunun tam olarak tutabildiği sayı
type-point-in-time = zaman noktası
type-text = metin
type-time-of-day = saat
type-uuid = UUID
type-whole-number = tam sayı
type-yes-no-value = evet/hayır değeri

## Çalıştırmanın sonucu

column-flow = akış
column-state = durum
column-read = okunan
column-inserted = eklenen
column-updated = değişen
column-unchanged = aynı
column-deleted = silinen
column-parked = bekleyen
column-held = tutulan
column-seconds = saniye
column-compared = karşılaştırılan
column-missing = eksik
column-extra = fazla
column-different = farklı
column-area = konu
column-severity = önem
column-finding = bulgu
column-preset = hazır küme
column-flows = akış
column-group = grup
column-about = ne yapar
state-done = tamam
state-partial = kısmen
state-failed = olmadı
action-create = oluştur
action-insert = ekle
action-update = değiştir
action-delete = sil
run-added-columns = { $flow }: hedefe eklenen sütunlar: { $columns }
run-parked = { $flow }: { $count } satır bekletiliyor; düzeltin, sonraki çalıştırma alır:
run-held = { $flow }: { $count } silme tutuldu, bir kerede çok fazla; hiçbir şey silinmedi. Doğruysa: --allow-deletes
verify-insert = eksik
verify-update = farklı
verify-delete = fazla
verify-equal = Her şey denk.
verify-parked = Hedefin tutamadığı satırlar dışında fark yok; onları kaynakta düzeltin.
verify-different = Farklar var; `--repair` bunları düzeltir.

## Denetim

check-no-databases = tanımlı veritabanı yok
check-no-databases-hint = denk.toml içinde [databases] altına yazın; `denk init` örnek bir dosya oluşturur
check-opened = { $product } { $version }
check-will-be-made = dosya henüz yok; ilk çalıştırma oluşturur
check-clock = saati bu bilgisayarınkinden { $seconds } saniye farklı
check-clock-hint = iki saati de bir zaman sunucusuna göre ayarlayın
check-flow-unopened = veritabanları açılamadı
check-flow-unopened-hint = yukarıya bakın
check-flow-fits = `{ $table }` tablosuna uyuyor, { $columns } sütun
check-flow-creates = ilk çalıştırma `{ $table }` tablosunu { $columns } sütunla oluşturur
check-flow-adds = sonraki çalıştırma hedefe şu sütunları ekler: { $columns }
severity-ok = tamam
severity-warning = bakın
severity-error = YANLIŞ

## Kopyalama

copy-as-what = `--as` tam olarak bir `--table` ister
copy-as-why = birkaç tablonun tek adı olamaz
copy-as-hint = tek bir `--table` verin ya da `--as` kullanmayın
copy-key-what = `--key` tam olarak bir `--table` ister
copy-key-why = her tablonun kendi sütunları vardır
copy-key-hint = tek bir `--table` verin ya da `--key` kullanmayın
copy-without-what = dışarıda bırakılacak tablo yok
copy-without-why = `{ $table }` kopyalanacak tablolar arasında değil
copy-without-hint = adı veritabanındaki gibi yazın ya da `--without` kullanmayın
copy-address-what = bir veritabanının adresi yanlış
copy-address-hint = sqlite:DOSYA, postgres://kullanıcı:parola@sunucu:5432/ad ya da mssql://kullanıcı:parola@sunucu:1433/ad yazın
copy-nothing-what = kopyalanacak bir şey yok
copy-nothing-why = kaynakta tablo yok
copy-nothing-hint = adresi ve `--without` seçimini denetleyin; bir görünüm adıyla kopyalanır: --table GÖRÜNÜM --key SÜTUN
copy-type-what = `--type` anlaşılamadı
copy-type-why = hangi sütunun hangi türle tutulacağını söyler
copy-type-hint = örneğin: --type urunler.fiyat=numeric(18,4)

## Hazır kümeler

preset-unknown-what = `{ $name }` diye bir hazır küme yok
preset-unknown-why = olanlar: { $names }
preset-unknown-hint = `denk preset list` hepsini listeler
preset-no-schema-what = hazır kümede böyle bir şema yok
preset-no-schema-why = hazır küme `{ $name }`, şema `{ $schema }`, lehçe `{ $dialect }`
preset-no-schema-hint = olan: --schema entegra --dialect sqlite
preset-copy-what = hazır küme kopyalanamadı
preset-copy-hint = yazabildiğiniz boş bir klasör seçin
preset-copied = { $count } dosya { $folder } klasöründe; kullanmak için [flows] altına `folder = "..."` yazın

## Tanıtım

demo-begin = { $folder } klasöründe uydurma kayıtlarla bir pazaryeri dosyası ve boş bir web veritabanı
demo-first = Birinci çalıştırma: her şey kopyalanır.
demo-again = İkinci çalıştırma: değişen bir şey yok, hiçbir şey yazılmaz.
demo-nothing = (hiçbir şey yazılmadı)
demo-day = Bir günlük iş: iki yeni sipariş, bir iptal, değişen miktarlar, bir fiyat ve bir sipariş kalemi, silinen bir ürün, bozulan bir sipariş.
demo-changes = Üçüncü çalıştırma: yalnızca farklar; bozuk satır nedeniyle birlikte bekletilir.
demo-end = Satır satır karşılaştırıldı: { $differences } fark, { $parked } bekleyen. Dosyalar { $folder } klasöründe: herhangi bir SQLite programıyla açın ya da `denk copy` ile oradan sürdürün.
demo-hub = Merkez (hub) ve pano: { $url }
demo-log-in = Bunlardan biriyle girin; her parola yalnızca bu kez gösterilir ve ilk girişte değiştirilmelidir:
demo-log-in-again = Önceki gibi girin; `denk user passwd admin --data { $folder }` yeni bir parola verir.
demo-offices = Üç şube kendiliğinden çalışıyor; her birinin kendi dosyası var ve birkaç saniyede bir (on dakika sonra: dakikada bir) merkezle değiş tokuş ediyor:
demo-look =
    Panoyu izleyin ya da ikinci bir pencerede sorun: `denk site list --data { $folder }`, `denk conflicts list --data { $folder }`.
    Bir şubenin dosyasını herhangi bir SQLite programıyla değiştirin, ötekilere ne ulaştığına bakın. Ctrl+C tanıtımı bitirir.
demo-turn = gönderdi: { $inserted } yeni, { $updated } değişen, { $deleted } silinen
demo-waits = merkez, gönderdiğini onay için bekletiyor: `denk held list`
demo-stopped = Tanıtım durdu; aynı komut kaldığı yerden sürdürür. Oluşturduğu her şey { $folder } klasöründe.
demo-listen-hint = --listen ile başka bir adres ve port verin ya da hiç vermeyin: o zaman sıradaki boş port kullanılır
demo-torn = { $file } ile merkezin deposu birbirine ait değil
demo-torn-hint = tanıtımın klasörünü silin ya da --data ile başka bir klasör verip yeniden başlatın
demo-office-what = { $office } şubesi dosyasını değiş tokuş edemedi
demo-office-hint = dosyayı başka bir program açık tutuyorsa kapatın; şube kendiliğinden yeniden dener
demo-unheard = { $url } yanıt vermedi
demo-what = tanıtım başlayamadı
demo-hint = yazabildiğiniz bir klasör seçin: denk demo --data KLASÖR

## Found by use

flow-waits = önce gelmesi gereken `{ $flow }` akışı bu çalıştırmada tamamlanamadı
flow-waits-hint = o akışı düzeltin; bu akış ondan sonra kendiliğinden çalışır
flow-unfilled = `{ $table }` tablosunun `{ $column }` sütunu boş (NULL) olamaz, varsayılanı yok ve hiçbir şey doldurmuyor
flow-key-differs = anahtar sütunu `{ $column }` kaynakta { $source }, hedefte { $target }
flow-twice-what = iki akışın adı `{ $flow }`
flow-twice-why = akışın adı, hedefte nereye kadar geldiğinin adıdır
flow-twice-hint = dosyalardan birine başka bir `name` verin
scratch-what = geçici klasör yok
scratch-hint = sistemin geçici dosya klasörünü denetleyin
copy-unreadable = kaynaktaki `{ $table }` okunamıyor
copy-unreadable-hint = bozuk bir görünüm ya da bir eklentinin tablosuysa dışarıda bırakın: --without { $table }
copy-mixing-what = iki tablo tek tabloya kopyalanacaktı
copy-mixing-why = `{ $table }` birden çok kez var (birkaç şemada ya da başka harflerle yazılmış)
copy-mixing-hint = tek tek kopyalayın: --table şema.ad --as AD
copy-type-unknown = `{ $given }` kopyalanan tabloların hiçbir sütununu göstermiyor
check-activity = etkinlik kaydının { $lines } satırı yazıldığı gibi duruyor; mühür { $seal }
check-activity-broken = etkinlik kaydı { $line } numaralı satırda değiştirilmiş ya da ondan önce bir satır çıkarılmış veya eklenmiş
check-activity-cut = etkinlik kaydının son satırları eksik
check-activity-hint = biri depoya denk'in dışından yazmış: kimin yazabildiğine bakın ve önceki bir yedekle karşılaştırın
check-flow-later = `{ $table }` tablosunu bekliyor; ilk çalıştırmada başka bir akış oluşturur
demo-strange = { $file } zaten var ve tanıtımın değil
copy-itself-what = bir tablo kendi üstüne kopyalanacaktı
copy-itself-why = kaynak ile hedef aynı veritabanı
copy-itself-hint = başka bir hedef verin ya da tek bir `--table` ile `--as` kullanarak başka bir ad seçin
stopped-what = bitmeden durduruldu
stopped-why = işleme durması söylendi
stopped-hint = yarım kalan bir şey yok: kesinleşmeyen her şey geri alındı; komutu yeniden çalıştırın
output-what = yanıt yazılamadı
output-hint = çıktının gittiği yerde yer açın ya da başka yere yönlendirin; komutun yaptıkları yapılmış durumda

hub-store-what = merkezin deposu kullanılamıyor
hub-store-hint = logs/error.log dosyasına bakın; depo olduğu gibi bırakıldı
hub-store-older-why = depo daha eski bir denk sürümüyle oluşturulmuş (biçimi { $found }, bu sürüm { $known } istiyor)
hub-store-older-hint = --data ile yeni bir veri klasörü belirtin; şubeler dosyalarını yeniden göndersin ya da dosyaları `denk import` ile alın. Eski depo olduğu gibi bırakıldı
hub-store-missing-why = { $file } yok
hub-store-missing-hint = merkezi bir kez `denk serve` ile başlatın ya da veri klasörünü --data ile belirtin
hub-store-restoring = deponun yerine bir yedek geri yükleniyor
hub-store-restoring-hint = `denk backup restore` bitince yeniden deneyin
preset-no-offices = `{ $name }` hazır kümesinde { $part } yok
preset-no-offices-hint = [hub] bölümündeki `preset` ayarına şubeler için yapılmış olanı yazın: rainstaff
site-what = şube bilgisayarı değiştirilemiyor
site-unknown = `{ $name }` adında bir şube bilgisayarı yok
site-unknown-hint = adları `denk site list` gösterir
site-exists = `{ $name }` adında bir şube bilgisayarı zaten var
site-exists-hint = başka bir ad seçin; kaybolan bir anahtar, eskisi kaldırılıp yenisi eklenerek yenilenir
site-name = `{ $name }` ad olamaz
site-name-hint = 1 ile 100 arasında görünür karakter
site-region-near = `{ $near }` bölgesi var; `{ $region }` neredeyse aynı yazılmış
site-region-hint = bölgeyi dosyalarda yazıldığı gibi yazın; başka bölgenin bilgisayarı onun satırlarını görmez
site-added = { $name } ({ $region }) artık merkezle dosya alıp verebilir.
    Kayıt satırı: { $enrolment }
    Eski program için (X-API-KEY, "API Token"): { $token }
    İkisi de yalnızca bu kez gösterilir.
site-revoked = { $name } artık merkezle dosya alıp veremez; gönderdikleri duruyor.
site-renamed = Şube bilgisayarının adı artık { $name }.
site-import = { $region } (içe aktarma)
site-shared-key = { $region } (ortak anahtar)
site-older-batch = { $name }: kayıt satırını iki bilgisayar kullanıyor, ya da dosyası yedekten geri yüklendi ({ $at }). Her bilgisayara ayrı satır gerekir: `denk site add`.
site-all-regions = Tüm bölgeler
site-state-new = hiç görülmedi
site-state-active = etkin
site-state-held = onay bekliyor
site-state-revoked = kaldırıldı
office-file-what = { $file } alınamıyor
office-file-hint = hiçbir şeyi saklanmadı; şube programının kendi veritabanı dosyası (puantaj.db) olduğunu denetleyin
compare-first = yalnızca birinci dosyada
compare-second = yalnızca ikinci dosyada
compare-both = şurada farklı
compare-more = { $table }: { $rows } fark daha; --json hepsini verir
compare-equal = İki dosyada da aynı şey var.
compare-differs = Dosyalar farklı.
import-planned = Hiçbir şey yazılmadı. --dry-run olmadan yukarıdaki satırlar merkeze girer.
import-planned-not = Hiçbir şey yazılmadı. --region bu satırların kimin olduğunu söyleyene kadar --dry-run olmadan da yazılmaz.
import-done = Satırlar merkezde.
column-table = tablo
column-name = ad
column-region = bölge
column-contact = son görülme
column-waiting = bekletilen
column-new = yeni
column-matched = eşleşen
column-changed = değişen
column-repaired = onarılan
column-refused = reddedilen
temporary-what = merkez başlamıyor
temporary-why = { $folder } veri klasörü, makineyle birlikte kaybolan bir depoda ({ $kind })
temporary-hint = --data ile kalıcı bir klasör seçin ya da --allow-temporary deyin
hub-locked-why = { $folder } veri klasörünü başka bir merkez kullanıyor
hub-locked-hint = ötekini durdurun ya da her birine kendi --data klasörünü verin
serve-ready = Merkez { $url } adresini dinliyor
serve-first-users = İlk parolalar; her biri yalnızca bu kez gösterilir ve ilk girişte değiştirilmelidir:
serve-no-proxies = behind_proxy var, proxies yok: kimsenin X-Forwarded-For başlığına inanılmaz, herkes tek adres sayılır. Kiminkine inanılacağını yazın: proxies = "127.0.0.1", Render'da "private, cloudflare"
serve-stopped = Merkez durdu.
serve-what = merkez hizmet veremiyor
serve-short-key = ortak anahtar (api_key, API_KEY) { $chars } karakter: { $listen } adresine ulaşan herkes onu tahmin edebilir
serve-short-key-hint = en az 16 karakterlik rastgele bir anahtar seçin ya da her bilgisayara kendi anahtarını verin: denk site add
serve-hint = adresi ve orada başkasının dinlemediğini denetleyin
held-what = karar verilemedi
held-unknown = { $id } numarasıyla bekleyen bir şey yok
held-superseded = { $id } artık beklemiyor: aynı bilgisayarın daha sonraki bir dosyası alındı
held-unknown-hint = bekleyenleri `denk held list` gösterir
held-refused-hint = dosya bekletilmeye devam ediyor
held-cause-region = başka bölgenin satırları
held-cause-changes = bir kerede çok şey siliyor ya da değiştiriyor
held-cause-along = ona bağlı olanlarla birlikte karara bağlanır
held-cause-none = yok: geri çevrilse de geçer
held-renumbered = { $id }, `{ $table }`: silinen kadar yeni satır var. Program satırlarına yeni numara vermiş olabilir: öyleyse onaylamak kişiler için bir şey değiştirmez, geri çevirmek her satırı iki kez kaydeder.
held-revoked = { $id }: { $site } bilgisayarının kayıt satırı kaldırıldı ({ $at }). Bilgisayar yeniden eklendiyse yanıt beklemiyordur; onaylanırsa bekleyen yine alınır, geri çevrilirse beklemesi biter.
held-silent = { $id }: { $site }, { $at } tarihinden beri görülmedi. Bilgisayar yeniden eklendiyse yanıt beklemiyordur; onaylanırsa bekleyen yine alınır, geri çevrilirse beklemesi biter.
held-approved = { $id } geçirildi.
held-rejected = { $id } geri çevrildi.
backup-what = yedeklerle bir şey yapılamadı
backup-restore-what = hiçbir şey geri yüklenmedi
backup-drill-what = yedek denemesi başarısız oldu
backup-one-folder = yedekler aynı yerde iki kez duracaktı: { $copy } (hub.backup.copy_to) ile { $folder } (hub.backup.folder) aynı klasör ya da biri ötekinin içinde
backup-one-folder-hint = copy_to için başka bir diskte ya da makinede bir klasör yazın ya da hiç yazmayın
backup-elsewhere = depo PostgreSQL'de; onun yedeğini kendi araçları alır
backup-elsewhere-hint = yedeği `{ $dump }` alır (parolayı sorar ya da PGPASSWORD'den okur); hiçbir merkez çalışmıyorken `{ $restore }` geri koyar. pg_basebackup bütün sunucuyu, istenen ana dönülecek biçimde saklar. denk'in veri klasöründen yanında yalnızca certificate.pem gerekir
backup-full-hint = o diskte yer açın ya da hub.backup.folder için başka bir klasör yazın; depo ve öteki yedekler olduğu gibi duruyor
backup-file-hint = klasörün yerinde olduğuna ve denk'in oraya yazabildiğine bakın ya da hub.backup.folder (hub.backup.copy_to) için başka bir klasör yazın
backup-unknown = { $id } adlı yedek yok
backup-unknown-hint = olanları `denk backup list` gösterir
backup-nothing = henüz yedek yok
backup-nothing-hint = bir tane alın: denk backup create
backup-damaged = { $id } yedeği sağlam değil: { $fault }
backup-damaged-hint = başka bir yedek seçin (`denk backup list`) ve diski denetletin
backup-fault-no-manifest = tanım dosyası yok
backup-fault-manifest = tanım dosyası değişmiş
backup-fault-newer = denk'in daha yeni bir sürümü almış
backup-fault-missing = dosyası yok
backup-fault-length = dosyasının uzunluğu farklı
backup-fault-bytes = dosyasında başka baytlar var
backup-fault-unpacked = dosyasından sıkıştırılan şey çıkmıyor
backup-fault-integrity = içindeki veritabanı bozuk ({ $found })
backup-fault-table = { $found } tablosunda olması gereken yok
backup-fault-store = içindeki depo kullanılamıyor ({ $found })
backup-in-use = depoyu bir merkez ya da başka bir denk komutu kullanıyor
backup-in-use-hint = merkezi durdurun (`systemctl stop denk-hub` ya da Ctrl+C), sonra yeniden deneyin
backup-occupied = { $folder } klasöründe zaten bir depo var
backup-occupied-hint = boş bir klasör yazın
backup-busy = başka bir yedekleme, geri yükleme ya da deneme yarım saattir sürüyor
backup-busy-hint = bitmesini bekleyin ya da ne olduğuna bakın
backup-early = { $id } yedeği bu andan önce alınmış, o anı bilmiyor
backup-early-hint = bu andan sonra alınmış ilk yedeği seçin ya da bir yedek alın: denk backup create
backup-time = `{ $time }` bir zaman değil
backup-time-hint = ayarlanan saat dilimine göre "2026-01-24 13:05" gibi yazın
backup-yes = { $store } yerine { $id } yedeği konacaktı
backup-yes-hint = --yes yazın; şimdiki depo yedek olarak saklanır. --to KLASÖR başka bir yere koyar
backup-made = { $id }: { $rows } satır, { $size }, { $folder } klasöründe
backup-found-damaged = Eski bir yedek bozuk: { $folder } klasöründe { $id }
backup-not-copied = İkinci klasöre kopyalanamadı: { $why }
backup-not-listed = Öteki makinedeki kopyalara bakılamadı: { $why }
copy-no-host-key = { $place } sunucusunun anahtarının hangisi olduğu yazmıyor (hub.backup.copy_host_key); herkes o sunucu gibi görünebilir
copy-no-host-key-hint = sunucunun sahibine sorun ya da güvendiğiniz bir ağdan bakın: ssh-keyscan -p { $port } -t ed25519 { $host } | ssh-keygen -lf -
copy-no-login = { $place } için nasıl oturum açılacağı yazmıyor
copy-two-logins = { $place } için hem anahtar hem parola yazıyor
copy-login-hint = hub.backup.copy_key ile hub.backup.copy_password ayarlarından birini yazın: {"{"} file = "YOL" {"}"} ya da {"{"} env = "AD" {"}"}
copy-away-connection = { $place } adresine ulaşılamıyor: { $reason }
copy-away-connection-hint = sunucunun çalıştığına ve buradan ulaşıldığına bakın (ssh -p KAPI KULLANICI@MAKİNE); yedekler yine alınır, orada eksik olan kendiliğinden tamamlanır
copy-away-host-key = { $place } sunucusu { $found } anahtarını gösteriyor, hub.backup.copy_host_key başkasını söylüyor; sunucuya hiçbir şey söylenmedi
copy-away-host-key-hint = sunucu yeniden kurulduysa bu anahtarı sahibine doğrulatıp copy_host_key = "{ $found }" yazın; kurulmadıysa arada başka biri olabilir
copy-away-login = { $place } sunucusu denk'i içeri almıyor: { $reason }
copy-away-login-hint = açık anahtarın oradaki kullanıcının authorized_keys dosyasında (Ed25519 ya da ECDSA, RSA değil) ya da parolanın doğru olduğuna bakın: hub.backup.copy_key, hub.backup.copy_passphrase, hub.backup.copy_password
copy-away-room = { $place } diskinde yer yok
copy-away-room-hint = orada yer açın ya da daha az yedek saklayın (hub.backup.keep); buradaki yedekler olduğu gibi duruyor
copy-away-refused = { $place }: { $reason }
copy-away-refused-hint = kullanıcının oradaki klasörde okuyup yazabildiğine, ad değiştirebildiğine ve yer olduğuna bakın
copy-taken = { $place } içinde { $id } adlı başka bir yedek var: iki makine kendini aynı merkez sanıyor
copy-taken-hint = birine başka bir klasör verin (hub.backup.copy_to); yalnızca denemek için kurulmuş merkeze gerekmez
copy-several = { $id } adlı yedek birkaç merkezde var: { $places }
copy-several-hint = doğrusunun iki dosyasını yedek klasörüne taşıyın (sftp), sonra yeniden deneyin
copy-nowhere = yedeklerin kopyalandığı başka bir makine yok
copy-nowhere-hint = yazın: hub.backup.copy_to = "sftp://kullanıcı@makine/klasör"
backup-restored = Geri yüklendi: { $id }; depo { $at } anındaki haliyle.
backup-restored-safety = Önceki depo { $id } adıyla saklandı.
backup-restored-look = Bilgisayarlar, hesaplar ve iptaller de o andaki haline döndü: `denk site list` ve `denk user list` çıktısına bakın, sonra merkezi başlatın. Bürolar bildiklerini yeniden gönderir.
backup-restored-to = { $id }, { $folder } klasörüne geri yüklendi: denk --data { $folder } serve
backup-past = { $file }: tabloların { $at } anındaki hali ({ $rev }. değişiklik)
backup-drilled = { $id } geri yüklendi ve çalışıyor: { $size }, { $rows } satırlık { $tables } tablo, her biri özetiyle doğrulandı; üzerinde açılan depo { $rev }. değişiklikte ve { $living } yaşayan satırı var.
backup-last-drill = Son deneme: { $at }, { $id } çalışıyor.
backup-last-drill-failed = Son deneme: { $at }, { $id } BAŞARISIZ. Bakın: denk backup drill
backup-state-whole = sağlam
backup-state-there = yerinde
backup-state-damaged = bozuk
backup-state-missing = kayıp
backup-reason-schedule = zamanı geldi
backup-reason-asked = istendi
backup-reason-safety = geri yüklemeden önce
column-backup-id = yedek
column-backup-at = ne zaman
column-backup-size = boyut
column-backup-rev = değişiklik
column-backup-reason = neden
column-backup-state = durum
column-backup-folder = nerede
column-number = no
column-site = bilgisayar
column-deletes = silinen
column-updates = değişen
column-cause = neden
column-coming = arkası
column-foreign = başka bölgenin
column-at = ne zamandan beri
column-row = satır
column-column = sütun
column-local = local (önceki)
column-incoming = incoming (sonraki)
column-stands = geçerli olan
column-role = rol
conflicts-what = çakışma olduğu gibi bırakıldı
conflicts-unknown = { $id } numaralı bir çakışma yok
conflicts-unknown-hint = karar bekleyenleri `denk conflicts list` gösterir
conflicts-decided-why = { $id } numaralı çakışmaya daha önce karar verilmiş: { $who }
conflicts-decided-hint = nasıl sonuçlandığını `denk conflicts show` gösterir; değeri yine değiştirmek için bir şubenin programında değiştirin
conflicts-gone = satır ya da değerin gösterdiği kayıt artık yok
conflicts-gone-hint = hiçbir şey değişmedi; satır gerekliyse bir şubenin programında yeniden girin
conflicts-later = bu çakışmadan sonra { $site } oraya { $what } yazdı ({ $at }); üzerine yazılmış olurdu
conflicts-later-row = bu çakışmadan sonra { $site } bu satıra ya da onunla birlikte silinecek bir satıra yazdı (tablo { $what }, { $at })
conflicts-later-hint = hiçbir şey değişmedi; yine de gerekliyse bir şubenin programında değiştirin ya da silin. Geçerli olan tarafı seçmek çakışmayı kapatır ve her şeyi olduğu gibi bırakır
conflicts-headquarters = genel merkez
conflicts-how = `denk conflicts take NO local` ya da `incoming` hangi değerin geçerli olacağını söyler; değer, şubelere bir sonraki indirmede ulaşır.
conflicts-head = { $table }: { $row }, sütun { $column }
conflicts-local = local:    { $value } ({ $site }, { $at }) { $stands }
conflicts-incoming = incoming: { $value } ({ $site }, { $at }) { $stands }
conflicts-unknown-age = ne zaman yazıldığı bilinmiyor
conflicts-stands = <- geçerli
conflicts-stands-not = {""}
conflicts-decided = Karar: { $who }, { $at }.
conflicts-deletion = silindi
conflicts-row = değişti
conflicts-empty = (boş)
conflicts-kept = { $id }: { $value } geçerli kalıyor.
conflicts-put-back = { $id }: bundan sonra { $value } geçerli; şubelere bir sonraki indirmede ulaşır.
user-what = hesap değiştirilmedi
user-none = henüz hiç hesap yok
user-none-hint = merkezi bir kez `denk serve` ile başlatın: ilk hesapları oluşturur ve parolalarını gösterir
user-exists = `{ $name }` adında bir hesap zaten var
user-exists-hint = başka bir ad seçin; `denk user passwd` yeni parola verir, `denk user enable` girişi yeniden açar
user-unknown = `{ $name }` adında bir hesap yok
user-unknown-hint = adları `denk user list` gösterir
user-region = `{ $region }` bölgesinde hiç bilgisayar, satır ya da hazır hesap yok; olanlar: { $known }
user-region-hint = bölgeyi orada yazıldığı gibi yazın ya da önce `denk site add` ile bilgisayarını ekleyin
user-last-admin = bütün bölgelerin en az bir yöneticisi kalmalı
user-last-admin-hint = önce bir başkasını yönetici yapın: `denk user add AD --role admin`
user-logged-out = { $name } için açık oturumlar kapandı.
user-import-added = yeni; eski parola bir kez geçer
user-import-replaced = henüz kullanılmamıştı; eski parola bir kez geçer
user-import-one-time = yeni; tek kullanımlık parolayla
user-import-stays = zaten var, olduğu gibi kalıyor
user-import-refused = alınmadı: adı, rolü ya da bölgesi burada yok
user-office-region = şube hesabı tek bir bölgeye aittir
user-office-region-hint = bölgeyi --region ile verin; her şeyi görecek kişi için rol viewer ya da manager olmalı
user-added = { $name } şu parolayla girebilir: { $password }
    Yalnızca bu kez gösterilir ve ilk girişte değiştirilmelidir.
user-passwd = { $name } şu parolayla girebilir: { $password }
    Yalnızca bu kez gösterilir ve bir sonraki girişte değiştirilmelidir; { $name } için açık oturumlar kapandı.
user-disabled = { $name } artık giremez, oturumları kapandı; `denk user enable` yeniden açar.
user-enabled = { $name } yeniden girebilir.
user-state-active = etkin
user-state-one-time = parolasını değiştirmeli
user-state-disabled = kapalı
office-file-missing = { $file } diye bir dosya yok
office-file-missing-hint = adı ve klasörü denetleyin; hiçbir şey saklanmadı
import-region-what = dosyalar alınmadı
import-regionless = { $rows } satır bölge yazmıyor ({ $tables }): bu hâliyle onları yalnızca genel merkez görür
import-region-hint = --region Ankara (dosya hangi bölgeninse) onlara bölge verir; başka bölgelerin satırları o zaman reddedilir ve --region '*' ile ikinci bir aktarmada alınır. Yalnızca --region '*' ise bölgesiz satırları genel merkeze bırakır.
import-more = ve { $rows } satır daha
import-odd-time = `{ $column }` bir saat değil (SS:DD); olduğu gibi alınır
import-odd-date = `{ $column }` bir tarih değil (YYYY-AA-GG); olduğu gibi alınır
import-reason-region = bu bölgenin değil
import-reason-orphan = `{ $column }` olmayan bir satırı gösteriyor; satır kenara ayrıldı
import-reason-orphan-column = `{ $column }` olmayan bir satırı gösteriyor; boş bırakıldı
import-reason-unknown-row = merkez bu satırı tanımıyor
import-reason-doubt = bu numarada önceden başka bir şey vardı; ikisi de tutuldu
import-reason-odd-type = `{ $column }` başka türde; olduğu gibi tutuldu
import-reason-unknown-table = bilinmeyen tablo; alınmadı
import-reason-unknown-column = `{ $column }` sütunu bilinmiyor; alınmadı
import-reason-no-tag = dosyanın işareti okunamıyor; işaretsiz dosya sayıldı
import-reason-held = bir kerede çok şey siliyor, değiştiriyor ya da başka bölgeden getiriyor; karar bekliyor: `denk held list`
import-reason-copy = dosya başka bir bilgisayarın dosyasının kopyası; eksikleri yüzünden hiçbir şey silinmez
import-reason-older-file = dosya öncekinden eski; eksikleri yüzünden hiçbir şey silinmez
import-reason-doubled-file = dosya iki yerde kullanılıyor gibi; eksikleri yüzünden hiçbir şey silinmez
import-reason-not-deleted = başkası değiştirmiş ya da yeni bir şeyin ona ihtiyacı var: duruyor

agent-met = Merkez bu dosyayla ilk kez karşılaştı: { $rows } kayıt.
agent-once = Gönderilen { $pushed }, alınan { $pulled }, çakışma { $conflicts }, onay bekleyen { $held }, reddedilen { $refused }, bekleyen { $waiting }.
agent-unknown = denk bu sütunları bilmiyor, eşitlenmediler: { $columns }
agent-goes-without = { $file } bundan sonra şunlar olmadan eşitlenir: { $lost }
agent-lacks-nothing = { $file } dosyasında eksik bir şey yok
agent-late = Merkezin { $rows } kaydı bu dosyaya yazılamıyor: aynı plaka, seri no ya da adla başka bir kayıt var ya da kayıt burada da değişti.
agent-other-region-why = { $file } { $region } bölgesinin dosyası, kayıt satırı ise { $line } bölgesinin: iki bölgenin kayıtları bir dosyaya karışırdı
agent-other-region-hint = dosyanın bölgesinin satırını verin; şube bölge değiştirdiyse önce ajanı eski satırıyla çıkarın: denk agent --remove
agent-off = Senkron Aktif kapalı: hiçbir şey gönderilmedi ve alınmadı. Sayfadan açılır; bir kez yine de: --hub ya da --db ile.
agent-ready = Ajan { $file } dosyasını izliyor. Ayarlar ve durum: { $page }
agent-stopped = Ajan durdu.
agent-removed = denk'in { $file } dosyasına koyduğu her şey çıkarıldı.
agent-remove-what = dosyadan hiçbir şey çıkarılmadı
agent-remove-held = bu büronun değişiklikleri merkezde onay bekliyor
agent-remove-hint = önce merkez her şeyi öğrenmeli, yoksa bu dosya ona yeniden gönderildiğinde satırları iki kez kaydeder; hiç gönderilmeyecekse: denk agent --remove --force
agent-what = ajan merkezle eşitleyemiyor
agent-not-set-why = ajan dosyasını ya da merkezini bilmiyor; { $file } içinde ayar yok
agent-not-set-hint = bir kez şöyle başlatın: denk agent --db DOSYA --hub "KAYIT SATIRI" (satırı merkezde `denk site add` verir)
agent-hub-address = merkezin adresi anlaşılmadı: https://MERKEZ:8787 biçiminde (bu bilgisayardaki bir merkez için http:// da olur) ya da kayıt satırının tamamı olmalı
agent-hub-credentials = merkezin adresinde kullanıcı adı ya da parola var; merkez yalnızca token'a bakar: @ ve öncesini silin
agent-hub-plain = http:// ile giden token'ı ve büronun kayıtlarını yoldaki herkes okuyabilir: merkezin https:// adresini ya da kayıt satırının tamamını verin
agent-hub-other = kayıtlı token başka bir merkezin: yeni merkezin kayıt satırını verin ya da --token ekleyin
agent-hub-token = token yok: kayıt satırının tamamını verin ya da --token ekleyin
agent-hub-fingerprint = kayıt satırının sonundaki parmak izi eksik ya da yanlış
agent-twice-why = { $file } dosyasını başka bir ajan kullanıyor
agent-twice-hint = ötekini durdurun: bir dosya için tek ajan çalışır
agent-file-why = { $file } dosyası kullanılamıyor
agent-file-hint = dosyanın yerinde olduğunu, yazılabildiğini ve diskte yer olduğunu denetleyin
agent-file-missing = { $file } dosyası yok
agent-file-missing-hint = adını ve sürücünün bağlı olduğunu denetleyin; ajan kendiliğinden dosya açmaz
agent-file-read-only = { $file } ya da bulunduğu klasör yazılamıyor
agent-file-read-only-hint = ajanın çalıştığı kullanıcıya ikisi için de yazma izni verin; kayıtlar dosyada kalır, hiçbiri kaybolmaz
agent-file-full = { $file } dosyasının diski dolu
agent-file-full-hint = diskte yer açın; kayıtlar dosyada bekler, hiçbiri kaybolmaz
agent-file-busy = { $file } dosyasını kendi programı kilitlemiş
agent-file-busy-hint = dosyayı kilitli tutanı kapatın ya da sonra yeniden deneyin; kayıtlar dosyada bekler, hiçbiri kaybolmaz
agent-file-corrupt = { $file } bozuk ya da veritabanı değil
agent-file-corrupt-hint = yerine son sağlam yedeği koyun; ajan o günden beri girilenleri merkezden getirir
agent-file-empty = { $file } boş: büro programının dosyası değil
agent-file-lacks-table = { $file } dosyasında programın `{ $table }` tablosu artık yok
agent-file-lacks-column = { $file } dosyasının `{ $table }` tablosunda programın `{ $column }` sütunu artık yok
agent-file-no-table = { $file } büro programının dosyası değil: `{ $table }` tablosu yok
agent-file-no-column = { $file } büro programının dosyası değil: `{ $table }` tablosunda `{ $column }` sütunu yok
agent-file-view = { $file } büro programının dosyası değil: `{ $table }` tablo değil, görünüm (view)
agent-file-encoding = { $file } büro programının dosyası değil: metinleri UTF-8 değil
agent-file-lacks-hint = program yerine koyunca kendiliğinden sürer, o arada hiçbir şey kaybolmaz. Programın yeni sürümünde artık yoksa: ajanı durdurun, denk agent --go-without, sonra yeniden başlatın
agent-file-other-hint = büro programının açıp çalıştığı dosyanın kendisini verin: denk agent --db YOL/puantaj.db; verilen dosyaya hiçbir şey yazılmadı
agent-file-newer = { $file } dosyasında denk'in daha yeni bir sürümü çalışmış
agent-file-newer-hint = denk'i güncelleyin
agent-certificate-why = { $hub } kayıt satırındaki sertifikayı göstermiyor; hiçbir şey gönderilmedi
agent-certificate-hint = merkezin sertifikası bilerek değiştirildiyse yeni bir kayıt satırı isteyin; değilse yöneticiye haber verin
agent-untrusted-why = bu bilgisayar { $hub } adresindeki sertifikaya güvenmiyor; hiçbir şey gönderilmedi
agent-untrusted-hint = kayıt satırının tamamını verin (sertifikanın parmak izi ondadır) ya da sertifikayı vereni bu bilgisayarın güvendiklerine ekleyin
agent-token-why = { $hub } bu token'ı tanımıyor ya da iptal etmiş
agent-token-hint = yöneticiden yeni bir kayıt satırı isteyin (merkezde: denk site add)
agent-away-why = { $hub } adresine ulaşılamıyor
agent-away-name = { $hub } adresine ulaşılamıyor: adı bulunamadı
agent-away-refused = { $hub } adresine ulaşılamıyor: orada dinleyen yok
agent-away-timed-out = { $hub } adresine ulaşılamıyor: zamanında yanıt gelmedi
agent-away-no-way = { $hub } adresine ulaşılamıyor: oraya giden ağ yok
agent-away-cut = { $hub } adresine ulaşılamıyor: bağlantı koptu
agent-not-plain-why = { $hub } adresinde http:// ile konuşulmuyor; hiçbir kayıt gönderilmedi
agent-not-plain-hint = adres https:// ile başlamalı: kayıt satırının tamamını verin (--hub)
agent-not-tls-why = { $hub } adresinde https:// ile konuşulmuyor; hiçbir şey gönderilmedi
agent-not-tls-hint = adresi ve kapısını denetleyin ya da kayıt satırının tamamını verin (--hub)
agent-away-hint = ağı ve merkezin çalıştığını denetleyin; kayıtlar dosyada bekler, hiçbiri kaybolmaz
agent-busy-why = { $hub } şu anda yanıt veremiyor
agent-no-hub-why = { $hub } adresinde bu sürümden bir denk merkezi yok
agent-answer-why = { $hub } adresinden gelen yanıt okunamıyor
agent-restless-why = merkezle eşitleme sona ermedi
agent-restless-hint = birazdan yeniden deneyin; kayıtlar dosyada bekler, hiçbiri kaybolmaz
agent-refuses-why = { $hub } isteği kabul etmedi
agent-refused-hint = merkezin söylediği neden yukarıda: dosyayla ilgiliyse büro programının kendi dosyasını verin (--db), değilse iki tarafın denk sürümünü denetleyin
agent-refuses-hint = adresin bir denk merkezi olduğunu ve iki tarafın sürümünü denetleyin
agent-settings-file = { $file } okunamıyor ya da yazılamıyor
agent-settings-form = { $file } içindeki ayarlar anlaşılamıyor: { $reason }
agent-settings-hint = dosyayı düzeltin, okunup yazılabildiğini denetleyin ya da silip ajanı yeniden kaydedin
agent-listen-why = { $listen } bu bilgisayarın kendisi değil
agent-page-what = ajanın yerel sayfası gösterilemiyor
agent-page-why = { $listen }: { $reason }
agent-page-hint = --listen 127.0.0.1:PORT ile boş bir kapı verin
agent-no-page-why = { $file } yok: ajan çalışmıyor ya da dosya başka bir kullanıcının
agent-no-page-hint = ajanı `denk agent` ile başlatın; komutu ajanla aynı kullanıcı ve klasörle çalıştırın

service-installed = { $name } kuruldu ve başlatıldı ({ $file }). Durumu: systemctl status { $name }
service-removed = { $name } durduruldu ve kaldırıldı.
service-no-user = Bu bilgisayarda `{ $user }` diye bir kullanıcı yok: hizmet, o kullanıcı açılmadan başlamaz.
service-what = hizmet kurulamıyor ya da kaldırılamıyor
service-hint = komutu root olarak (sudo) çalıştırın
service-none-why = { $file } yok
service-none-hint = bu bilgisayarda böyle bir hizmet kurulmamış
service-file-why = { $file }: { $reason }
service-systemctl-why = systemctl { $command }: { $reason }
service-no-systemd-why = bu makineyi systemd çalıştırmıyor
service-no-systemd-hint = `denk agent` ya da `denk serve` komutunu makinenin kendi yoluyla başlattırın; --print systemd'nin ne yapacağını gösterir
service-windows-hint = komutu yönetici olarak açılmış bir konsolda çalıştırın
service-windows-installed = { $name } kuruldu ve başlatıldı. Durumu: sc query { $name }
service-manager-why = Windows'un hizmet yöneticisi kabul etmedi
service-not-started-why = { $name } kuruldu, ama başlar başlamaz durdu
service-not-stopped-why = { $name } durmadı
service-look-hint = aynı ayarla konsolda bir kez `denk agent` ya da `denk serve` çalıştırın; nedeni orada görünür
service-run-what = hizmet çalışamıyor
service-not-managed-why = bu komutu yalnızca Windows'un hizmet yöneticisi başlatır
service-not-managed-hint = konsolda `denk agent` ya da `denk serve` çalıştırın; hizmet için: denk service install

# Bildirimler
command-notify = Kişilere giden iletiler ([notify])
command-notify-test = Her yola bir deneme iletisi gönderir
value-notify-minimum = "info", "warning" ya da "serious" yazın
value-notify-quiet = "22:00-07:00" gibi iki saat yazın
value-notify-digest = "at once" (hemen), "every 15m", "daily 08:00" ya da "never" (hiçbir zaman) yazın
value-notify-security = "starttls", "tls" ya da yalnızca bu makinedeki bir sunucu için "none" yazın
value-notify-port = 1 ile 65535 arasında bir sayı yazın
value-notify-people = bir e-posta adresi ya da ["a@x.example", "b@x.example"] gibi bir liste yazın
notify-what = ileti gönderilmedi
notify-missing = { $name } yazılmamış
notify-missing-hint = [notify.email] bölümüne ekleyin: host ve to gerekir
notify-hint = [notify] bölümündeki adresleri denetleyin
notify-nobody = [notify] bölümünde kimse yok
notify-nobody-hint = denk.toml dosyasında [notify] altına webhook ya da email yazın
notify-sent = { $way }: gönderildi
notify-not-sent = { $way }: gönderilemedi: { $why }
