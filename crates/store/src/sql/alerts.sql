-- How many alerts there are (parameters: none; result: the region of their sites (NULL: of no site), number).
select site.region, count(*) as number
from denk_alerts alert left join denk_sites site on site.id = alert.site
group by site.region
